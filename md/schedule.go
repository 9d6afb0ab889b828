package md

// operation moves positions, velocities, cells or thermostats of all replicas by
// a time, fs.
type operation func(d *Dynamics, dt float64)

// stage is an operation for a part of the time step.
type stage struct {
	part float64
	run  operation // nil: forces are computed
}

var compute = stage{}

// schedules is the step of each ensemble.
var schedules = map[Ensemble][]stage{
	NVE:      {{0.5, kick}, {1, drift}, compute, {0.5, kick}},
	Langevin: {{0.5, kick}, {0.5, drift}, {1, friction}, {0.5, drift}, compute, {0.5, kick}},
	CSVR:     {{0.5, rescaleVelocities}, {0.5, kick}, {1, drift}, compute, {0.5, kick}, {0.5, rescaleVelocities}},
	NHC:      {{0.5, chain}, {0.5, kick}, {1, drift}, compute, {0.5, kick}, {0.5, chain}},
	NPTSCR: {{0.5, rescaleVelocities}, {0.5, kick}, {0.5, drift}, {1, rescaleCell}, {0.5, drift}, compute, {0, workOfCell},
		{0.5, kick}, {0.5, rescaleVelocities}},
	NPTMTK: {{0.5, cellChain}, {0.5, chain}, {0.5, strainRate}, {0.5, strainedKick}, {1, strainedDrift}, compute,
		{0.5, strainedKick}, {0.5, strainRate}, {0.5, chain}, {0.5, cellChain}},
}
