package datasets

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
)

// Both columns that are wrong are one line: it goes to a list.
func TestCurvatureOfWrongColumns(t *testing.T) {
	f, err := data.NewReader(strings.NewReader("1\nProperties=species:S:1:pos:R:3:hessian_direction:R:2:hessian_product:R:2\nH 0 0 0 1 0 1 0\n"), "x").Read()
	require.NoError(t, err)
	_, err = Curvature(f)
	assert.EqualError(t, err, "column hessian_direction: expected three real numbers an atom, R:3, found R:2; column hessian_product: expected three real numbers an atom, R:3, found R:2")
}
