package train

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"painless/internal/commands/cli"
	"painless/nn"
	"painless/train"
)

// Shares of structures whose forces are beyond -max-force: from one on it is said that
// units may be others, and from the other on training is refused.
const (
	manyOutliers = 0.1
	mostOutliers = 0.5
)

// checkUnits looks at whether labels are in eV and eV/Å, by all that the sets say of it:
// forces that are left out, energies beside forces, the energies to validate with beside
// those to train on, and labels beside what the student to begin with says, if there is one.
func (x *session) checkUnits(ctx context.Context, training, valid *counted, network *nn.Network, threads int) error {
	for _, c := range []*counted{training, valid} {
		if err := x.checkOutliers(c); err != nil {
			return err
		}
		if negative, n := c.stiffness.Negative(); 2*negative > n {
			err := fmt.Errorf("the Hessian along a direction is negative in %d of %d structures: expected v·Hv above 0 in most, Hv being the change of the gradient, which is the opposite of that of the forces", negative, n)
			if err := x.mixedUnits(c.files, err); err != nil {
				return err
			}
		}
		if err := x.mixedUnits(c.files, c.set.Units().Contradiction()); err != nil {
			return err
		}
		if hint := c.stiffness.Hint(); hint != "" {
			fmt.Fprintf(x.std.Err, "painless: %s: %s\n", c.files, hint)
		}
		if network == nil {
			continue
		}
		y, err := c.set.Measure(ctx, network, threads)
		if err != nil {
			return err
		}
		if err := x.mixedUnits(c.files, y.Contradiction()); err != nil {
			return err
		}
	}
	if err := x.mixedUnits(valid.files, training.set.ContradictsEnergies(valid.set)); err != nil {
		return err
	}
	return x.checkHydrogen(training)
}

// mixedUnits refuses what contradicts itself, unless -mixed-units has it trained on.
func (x *session) mixedUnits(files string, contradiction error) error {
	switch {
	case contradiction == nil:
		return nil
	case x.mixed:
		fmt.Fprintf(x.std.Err, "painless: %s: %v\n", files, contradiction)
		return nil
	}
	return fmt.Errorf("%s: %w; -mixed-units trains all the same", files, contradiction)
}

// checkOutliers says how many forces are beyond -max-force, where they are many.
func (x *session) checkOutliers(c *counted) error {
	share := c.outliers()
	if share <= manyOutliers {
		return nil
	}
	slices.Sort(c.largest)
	text := fmt.Sprintf("%s: %d of %s with forces have one beyond -max-force %g eV/Å: the largest force of a structure is %.3g eV/Å in the median, and %.3g at most: are forces in eV/Å?",
		c.files, c.leftOut[outlier], cli.Counted(len(c.largest), "structure"), x.largest, c.largest[len(c.largest)/2], c.largest[len(c.largest)-1])
	if share > mostOutliers && !x.set["max-force"] {
		return errors.New(text + " -max-force says how large they may be")
	}
	fmt.Fprintf(x.std.Err, "painless: %s\n", text)
	return nil
}

// checkHydrogen says where the energy of hydrogen looks like one in another unit, and refuses
// it where the forces do too.
func (x *session) checkHydrogen(training *counted) error {
	o := training.set.FitElements()
	if o == nil || o.Rank < len(o.Elements) || o.Elements[0] != 1 {
		return nil
	}
	unit := train.HydrogenHint(o.Energies[0])
	if unit == "" {
		return nil
	}
	err := fmt.Errorf("the fitted energy of hydrogen is %.4g: are energies in %s? They are taken as eV", o.Energies[0], unit)
	if training.outliers() > manyOutliers {
		return x.mixedUnits(training.files, fmt.Errorf("%w, and many forces are beyond -max-force", err))
	}
	fmt.Fprintf(x.std.Err, "painless: %v\n", err)
	return nil
}
