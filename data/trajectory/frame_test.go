package trajectory

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fill gives every number of a value, in lists and behind pointers too, the next one.
func fill(t *testing.T, v reflect.Value, next *int) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), next)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), next)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), next)
		}
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*next))
		*next++
	case reflect.Float64:
		v.SetFloat(float64(*next))
		*next++
	case reflect.Bool:
		v.SetBool(true)
	default:
		require.Failf(t, "a field of a kind that is not copied yet", "%v", v.Type())
	}
}

// A copy has every field, those that come later too, and shares no memory; its own is
// taken again.
func TestFrameCopy(t *testing.T) {
	next := 1
	made := func() (f Frame) {
		fill(t, reflect.ValueOf(&f).Elem(), &next)
		return f
	}
	var f Frame
	from := made()
	f.Copy(&from)
	assert.Equal(t, from, f)
	first := next
	next = 1
	want := made() // as the first
	require.Equal(t, first, next)
	scramble := reflect.ValueOf(&from).Elem()
	for i := range scramble.NumField() {
		switch field := scramble.Field(i); field.Kind() {
		case reflect.Slice:
			reflect.Copy(field, reflect.MakeSlice(field.Type(), 3, 3))
		case reflect.Pointer:
			field.Elem().SetZero()
		}
	}
	clear(from.Numbers)
	clear(from.Positions)
	assert.Equal(t, want, f)

	other := made()
	assert.Zero(t, testing.AllocsPerRun(10, func() { f.Copy(&other) }))
	assert.Equal(t, other, f)
	f.Copy(&Frame{})
	assert.Equal(t, Frame{}, f, "what is nil is not written")
}
