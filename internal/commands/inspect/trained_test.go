package inspect

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/internal/commands/health"
)

// What is known of the trained students, where they are beside the project.
func TestTrainedStudents(t *testing.T) {
	const folder = "../../../../shared/models/"
	for _, c := range []struct {
		file         string
		parameters   int
		jump, turned float64 // eV: O–O, of molecules
	}{
		{"original.pt", 427292, 0.30, 0.17},
		{"tiny.pt", 77203, 0.04, 0.05},
		{"ultra_tiny.pt", 21459, 0.04, 0.55},
		{"ultra_tiny_legacy.pt", 21459, 0.04, 0.55},
	} {
		t.Run(c.file, func(t *testing.T) {
			if _, err := os.Stat(folder + c.file); errors.Is(err, fs.ErrNotExist) {
				t.Skip("no development data beside the project; its own testdata is tested")
			}
			r := jsonOf(t, folder+c.file)
			assert.Equal(t, c.parameters, r.Parameters)
			assert.InDelta(t, c.jump, math.Abs(pairOf(&r, "O", "O").Jump), 0.005)
			turned := 0.0
			for _, m := range r.Health.Molecules {
				turned = math.Max(turned, m.TurnedEnergy)
			}
			// Which molecules and which rotations these were is not known: within a factor of 2.5.
			assert.True(t, turned > c.turned/2.5 && turned < c.turned*2.5, "%v eV", turned)
			assert.Equal(t, health.Poor, gradesOf(&r)["rotation"])
			assert.Equal(t, health.Poor, gradesOf(&r)["cutoff"])
			assert.Equal(t, health.Good, gradesOf(&r)["symmetry"])
			assert.Equal(t, health.Good, gradesOf(&r)["float32"])
		})
	}
}

func gradesOf(r *report) map[string]health.Grade {
	grades := map[string]health.Grade{}
	for _, v := range r.Health.Verdicts {
		grades[v.Topic] = v.Grade
	}
	return grades
}

func pairOf(r *report, a, b string) health.Pair {
	for _, p := range r.Health.Pairs {
		if p.Elements == [2]string{a, b} {
			return p
		}
	}
	return health.Pair{}
}
