package md

// operation is what a stage does: with the atoms of each part, or with replicas
// and what they have beside their atoms, or both, in this order, by a time, fs.
// One that does neither stands for the forces.
type operation struct {
	atoms func(d *Dynamics, p *part, dt float64) // on threads; of a part's own atoms alone
	// hold takes away what fixed atoms and bonds forbid, where there are any.
	hold     func(d *Dynamics, dt float64)
	replicas func(d *Dynamics, dt float64)
}

// stage is an operation for a part of the time step.
type stage struct {
	share float64
	operation
}

// The operations, but those that one schedule has once.
var (
	compute  = stage{}
	kick     = operation{atoms: kickAtoms, hold: holdVelocities}
	drift    = operation{atoms: driftAtoms, hold: holdPositions}
	friction = operation{atoms: applyFriction, hold: holdAfterFriction}
	measure  = stage{0, operation{atoms: measureKinetic, replicas: gatherKinetic}}
	scale    = stage{0, operation{atoms: scaleAtoms}}
	rescale  = operation{replicas: rescaleKinetic}
	chain    = operation{replicas: propagateChain}
	cellRate = operation{replicas: strainRate}
	mtkKick  = operation{atoms: strainedKick}
	mtkDrift = operation{atoms: strainedDrift}
)

// schedules is the step of each ensemble.
var schedules = map[Ensemble][]stage{
	NVE: {{0.5, kick}, {1, drift}, compute, {0.5, kick}},
	Langevin: {{1, operation{replicas: setFriction}}, {0.5, kick}, {0.5, drift}, {1, friction}, {0.5, drift},
		{0, operation{replicas: gatherHeat}}, compute, {0.5, kick}},
	CSVR: {measure, {0.5, rescale}, scale, {0.5, kick}, {1, drift}, compute, {0.5, kick}, measure, {0.5, rescale}, scale},
	NHC:  {measure, {0.5, chain}, scale, {0.5, kick}, {1, drift}, compute, {0.5, kick}, measure, {0.5, chain}, scale},
	NPTSCR: {measure, {0.5, rescale}, scale, {0.5, kick}, {0.5, drift}, {0, operation{atoms: measureMotion}}, {1, operation{replicas: rescaleCell}},
		{0, operation{atoms: deform}}, {0.5, drift}, compute, {0, operation{replicas: workOfCell}}, {0.5, kick}, measure, {0.5, rescale}, scale},
	NPTMTK: {measure, {0.5, operation{replicas: propagateCell}}, {0.5, chain}, {0.5, cellRate}, scale, {0.5, mtkKick}, {1, mtkDrift}, {1, operation{replicas: strainCell}}, compute,
		{0.5, mtkKick}, measure, {0.5, cellRate}, {0.5, chain}, {0.5, operation{replicas: propagateCell}}, scale},
}
