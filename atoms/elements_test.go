package atoms_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/peertest"
)

func TestElements(t *testing.T) {
	assert.Equal(t, 118, atoms.MaxNumber)
	for z, symbol := range map[int]string{1: "H", 17: "Cl", 26: "Fe", 79: "Au", 118: "Og"} {
		assert.Equal(t, symbol, atoms.Symbol(z))
		for _, text := range []string{symbol, strings.ToUpper(symbol), strings.ToLower(symbol)} {
			got, ok := atoms.AtomicNumber(text)
			assert.True(t, ok)
			assert.Equal(t, z, got)
		}
	}
	for _, text := range []string{"", "X", "Hydrogen", "é", "C1"} {
		_, ok := atoms.AtomicNumber(text)
		assert.False(t, ok, text)
	}
	assert.Equal(t, "X", atoms.Symbol(0))
	assert.Equal(t, "X", atoms.Symbol(119))
	assert.Equal(t, 1.008, atoms.Mass(1))
	assert.Zero(t, atoms.Mass(0))
	assert.Zero(t, atoms.Mass(119))
}

// Symbols and masses are those that ASE has.
func TestElementsASE(t *testing.T) {
	out, err := exec.Command(peertest.ASE(t), "-c", "import json, ase.data as d; print(json.dumps([d.chemical_symbols, list(d.atomic_masses_iupac2016)]))").Output()
	require.NoError(t, err)
	var symbols []string
	var masses []float64
	require.NoError(t, json.Unmarshal(out, &[]any{&symbols, &masses}))
	require.Greater(t, len(symbols), atoms.MaxNumber)
	for z := 1; z <= atoms.MaxNumber; z++ {
		assert.Equal(t, symbols[z], atoms.Symbol(z))
		assert.Equal(t, masses[z], atoms.Mass(z))
	}
}
