package validate

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
	"painless/internal/commands/cli"
	"painless/internal/commands/predict"
	"painless/internal/vec"
)

// The Hessian's errors are those of a teacher's products, for directions of 1 Å: none of
// its own, and half of products that are made larger by half.
func TestHessian(t *testing.T) {
	path := filepath.Join(t.TempDir(), "labelled.extxyz")
	require.NoError(t, predict.Label.Execute(t.Context(), cli.Std{Out: io.Discard, Err: io.Discard}, []string{"-hessian", "-teacher", ultraModel, "-o", path, golden}))
	r := validated(t, "-model", ultraModel, path)
	require.NoError(t, r.err)
	require.NotNil(t, r.Models[0].Hessian)
	assert.Equal(t, r.Models[0].Forces.N, r.Models[0].Hessian.N)
	assert.Equal(t, r.Structures, r.Models[0].Hessian.Structures)
	assert.Less(t, r.Models[0].Hessian.Max, 1e-5) // %.8f of the file's columns

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	in := data.NewReader(strings.NewReader(string(text)), path)
	var out strings.Builder
	w := data.NewWriter(&out)
	n, sum, squares := 0.0, 0.0, 0.0
	for range r.Structures {
		f, err := in.Read()
		require.NoError(t, err)
		direction, err := f.Vectors(data.HessianDirectionKey)
		require.NoError(t, err)
		product, err := f.Vectors(data.HessianProductKey)
		require.NoError(t, err)
		length := 0.0
		for _, v := range direction {
			length += vec.Dot(v, v)
		}
		size := math.Sqrt(length / float64(3*len(direction)))
		for i, p := range product {
			for _, x := range p {
				n, sum, squares = n+1, sum+math.Abs(x)/2/size, squares+x*x/4/size/size
			}
			product[i] = vec.Scale(p, 1.5)
		}
		f.SetVectors(data.HessianProductKey, product)
		require.NoError(t, w.Write(f))
	}
	require.NoError(t, w.Flush())
	for _, batch := range []string{"1", "32"} {
		r = validated(t, "-model", ultraModel, "-batch", batch, writeFile(t, "half.extxyz", out.String()))
		require.NoError(t, r.err)
		assert.InEpsilon(t, sum/n, r.Models[0].Hessian.MAE, 1e-5)
		assert.InEpsilon(t, math.Sqrt(squares/n), r.Models[0].Hessian.RMSE, 1e-5)
		assert.Regexp(t, `\nHessian MAE along 1 Å, meV/Å +\d`, r.table)
	}
}

// A Hessian that is none, or whose displaced structures cannot be computed, is listed.
func TestIncompleteHessian(t *testing.T) {
	const head = "2\nProperties=species:S:1:pos:R:3:hessian_direction:R:3:hessian_product:R:3 energy=-1\n"
	wrong := writeFile(t, "wrong.extxyz", head+"H 0 0 0 1 0 0 -9 0 0\nH 0.7 0 0 -1 0 0 9 0 0\n")
	r := runWith(t, "", t.TempDir(), "painless: validate: the Hessian along a direction is negative in 1 of 1 structures: it may be the change of the forces, and is expected to be that of the gradient\n",
		"-model", ultraModel, "-forces-key", "", wrong)
	assert.NoError(t, r.err)
	path := writeFile(t, "some.extxyz",
		head+"H 0 0 0 1 0 0 9 0 0\nH 0.7 0 0 -1 0 0 -9 0 0\n"+ // 0: whole
			head+"H 0 0 0 1 0 0 9 0 0\nH 0.7 0 0 -1 0 0 0 0 0\n"+ // 1: moving all atoms changes forces
			head+"H 0 0 0 1 0 0 9 0 0\nH 0.03 0 0 -1 0 0 -9 0 0\n"+ // 2: on the same point when displaced
			"2\nProperties=species:S:1:pos:R:3:hessian_product:R:3 energy=-1\nH 0 0 0 9 0 0\nH 0.7 0 0 -9 0 0\n") // 3: along nothing
	const because = "displaced along the Hessian's direction: atom 0 (H) and atom 1 (H) are on the same point, [0.015 0 0] Å"
	r = runWith(t, "", t.TempDir(), "painless: "+path+": frame 2, line 9: "+because+"\n", "-model", ultraModel, "-forces-key", "", path)
	assert.Equal(t, 2, cli.Code(r.err))
	assert.Empty(t, r.Unlabelled)
	require.Len(t, r.PassedOver, 2)
	assert.Equal(t, []any{1, "the Hessian's product adds up to 9 eV/Å² of its direction over the atoms, whose own are 9 in all: expected 0, as moving all atoms changes no force"}, []any{r.PassedOver[0].Frame, r.PassedOver[0].Reason})
	assert.Equal(t, []any{3, "no column hessian_direction:R:3"}, []any{r.PassedOver[1].Frame, r.PassedOver[1].Reason})
	m := r.Models[0]
	require.Len(t, m.Failed, 1)
	assert.Equal(t, because, m.Failed[0].Reason)
	assert.Equal(t, 4, m.Energy.N)
	assert.Equal(t, 6, m.Hessian.N)

	// One that is none costs nothing but itself; without Hessians there is neither.
	bad := writeFile(t, "bad.extxyz", head+"H 0 0 0 1 0 0 9 0 0\nH 0.7 0 0 -1 0 0 -9 0 0\n"+head+"H 0 0 0 1 0 0 9 0 0\nH 0.7 0 0 -1 0 0 nan 0 0\n")
	r = validated(t, "-model", ultraModel, "-forces-key", "", bad)
	assert.NoError(t, r.err)
	assert.Contains(t, r.table, "\n1 structure whose Hessian along a direction is passed over:\n  "+bad+", frame 1: H2: atom 1 has the Hessian's direction")
	assert.Equal(t, []any{2, 1}, []any{r.Models[0].Energy.N, r.Models[0].Hessian.Structures})
	for _, in := range []string{bad, path, wrong} {
		r = validated(t, "-hessian=false", "-model", ultraModel, "-forces-key", "", in)
		assert.NoError(t, r.err)
		assert.Empty(t, r.PassedOver)
		assert.Nil(t, r.Models[0].Hessian)
		assert.NotContains(t, r.table, "Hessian ")
	}
}

// Labels in another unit, or of the other sign, are said to be, beside every model that
// says as much; those of a theory beside it are not.
func TestHessianUnits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "labelled.extxyz")
	require.NoError(t, predict.Label.Execute(t.Context(), cli.Std{Out: io.Discard, Err: io.Discard}, []string{"-hessian", "-teacher", ultraModel, "-o", path, golden}))
	for _, c := range []struct {
		factor float64
		says   string
	}{
		{1.3, ""},
		{23.060548, "painless: validate: products of the Hessian contradict those of ultra_tiny: they are 23.06 times as large, with a correlation of 1.00: kcal/mol/Å²; expected eV/Å² times the direction\n"},
		{1 / 97.1737, "painless: validate: products of the Hessian contradict those of ultra_tiny: they are 0.01029 times as large, with a correlation of 1.00: Hartree/Bohr²; expected eV/Å² times the direction\n"},
	} {
		file, err := os.Open(path)
		require.NoError(t, err)
		defer file.Close()
		var out strings.Builder
		w := data.NewWriter(&out)
		for in := data.NewReader(file, path); ; {
			f, err := in.Read()
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			product := vectors(f, data.HessianProductKey)
			for i := range product {
				product[i] = vec.Scale(product[i], c.factor)
			}
			f.SetVectors(data.HessianProductKey, product)
			require.NoError(t, w.Write(f))
		}
		require.NoError(t, w.Flush())
		r := runWith(t, "", t.TempDir(), c.says, "-model", ultraModel, writeFile(t, "scaled.extxyz", out.String()))
		assert.NoError(t, r.err)
	}
}
