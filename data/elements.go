package data

import "strings"

// elements is the symbols in the order of their atomic numbers, from 1.
var elements = strings.Fields(`
	H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr
	Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu
	Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr
	Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og`)

var atomicNumbers = func() map[string]int {
	numbers := make(map[string]int, len(elements))
	for i, symbol := range elements {
		numbers[symbol] = i + 1
	}
	return numbers
}()

// Symbol is the symbol of the element with atomic number z, or X where there is none.
func Symbol(z int) string {
	if z < 1 || z > len(elements) {
		return "X"
	}
	return elements[z-1]
}

// AtomicNumber is the atomic number of a symbol such as Cl; capitals do not matter.
func AtomicNumber(symbol string) (z int, ok bool) {
	if z, ok = atomicNumbers[symbol]; ok || len(symbol) > 2 || symbol == "" {
		return z, ok
	}
	z, ok = atomicNumbers[strings.ToUpper(symbol[:1])+strings.ToLower(symbol[1:])]
	return z, ok
}
