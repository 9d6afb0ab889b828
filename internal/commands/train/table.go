package train

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"painless/train"
)

func stepped(r *train.Row) bool     { return r.Steps > 0 }
func hasForces(r *train.Row) bool   { return r.Valid.Components > 0 }
func hasEnergies(r *train.Row) bool { return r.Valid.Energies > 0 }
func hasHessian(r *train.Row) bool  { return r.Valid.HessianMAE > 0 }

// columns is those of the log: names with units, what they say of a row, and whether
// there is anything to say.
var columns = []struct {
	name  string
	of    func(r *train.Row) float64
	known func(r *train.Row) bool // nil is always
}{
	{"steps", func(r *train.Row) float64 { return float64(r.Steps) }, nil},
	{"visits", func(r *train.Row) float64 { return float64(r.Visits) }, nil},
	{"epochs", func(r *train.Row) float64 { return r.Epochs }, nil},
	{"time_s", func(r *train.Row) float64 { return r.Seconds }, nil},
	{"rate", func(r *train.Row) float64 { return r.Rate }, nil},
	{"loss", func(r *train.Row) float64 { return r.Loss }, stepped},
	{"gradient_norm", func(r *train.Row) float64 { return r.Norm }, stepped},
	{"train_force_mae_eV_per_A", func(r *train.Row) float64 { return r.ForceMAE }, func(r *train.Row) bool { return r.ForceMAE > 0 }},
	{"train_energy_mae_eV_per_atom", func(r *train.Row) float64 { return r.EnergyMAE }, func(r *train.Row) bool { return r.EnergyMAE > 0 }},
	{"train_hessian_mae_eV_per_A", func(r *train.Row) float64 { return r.HessianMAE }, func(r *train.Row) bool { return r.HessianMAE > 0 }},
	{"valid_force_mae_eV_per_A", func(r *train.Row) float64 { return r.Valid.ForceMAE }, hasForces},
	{"valid_force_rmse_eV_per_A", func(r *train.Row) float64 { return r.Valid.ForceRMSE }, hasForces},
	{"valid_force_r2", func(r *train.Row) float64 { return r.Valid.ForceR2 }, hasForces},
	{"valid_force_cosine", func(r *train.Row) float64 { return r.Valid.Cosine }, hasForces},
	{"valid_energy_mae_eV_per_atom", func(r *train.Row) float64 { return r.Valid.EnergyMAE }, hasEnergies},
	{"valid_energy_rmse_eV_per_atom", func(r *train.Row) float64 { return r.Valid.EnergyRMSE }, hasEnergies},
	{"valid_hessian_mae_eV_per_A", func(r *train.Row) float64 { return r.Valid.HessianMAE }, hasHessian},
	{"valid_hessian_rmse_eV_per_A", func(r *train.Row) float64 { return r.Valid.HessianRMSE }, func(r *train.Row) bool { return r.Valid.HessianRMSE > 0 }},
	{"valid_loss", func(r *train.Row) float64 { return r.Valid.Loss }, nil},
}

// shown is what people see of a validation: three lines of a heading, and a figure. The
// last is for runs that weigh the Hessian.
var shown = []struct {
	heading [3]string
	of      func(r *train.Row) string
}{
	{[3]string{"", "", "visits"}, func(r *train.Row) string { return strconv.FormatInt(r.Visits, 10) }},
	{[3]string{"", "", "time"}, func(r *train.Row) string {
		return time.Duration(r.Seconds * float64(time.Second)).Round(time.Second).String()
	}},
	{[3]string{"", "", "rate"}, func(r *train.Row) string { return fmt.Sprintf("%.2g", r.Rate) }},
	{[3]string{"", "", "loss"}, func(r *train.Row) string { return figure(stepped(r), "%.4g", r.Loss) }},
	{[3]string{"forces", "as visited", "meV/Å"}, func(r *train.Row) string { return figure(r.ForceMAE > 0, "%.4g", 1000*r.ForceMAE) }},
	{[3]string{"forces", "MAE", "meV/Å"}, func(r *train.Row) string { return figure(hasForces(r), "%.4g", 1000*r.Valid.ForceMAE) }},
	{[3]string{"forces", "RMSE", "meV/Å"}, func(r *train.Row) string { return figure(hasForces(r), "%.4g", 1000*r.Valid.ForceRMSE) }},
	{[3]string{"forces", "R²", ""}, func(r *train.Row) string { return figure(hasForces(r), "%.4f", r.Valid.ForceR2) }},
	{[3]string{"energies", "MAE", "meV/atom"}, func(r *train.Row) string { return figure(hasEnergies(r), "%.4g", 1000*r.Valid.EnergyMAE) }},
	{[3]string{"H along 1 Å", "MAE", "meV/Å"}, func(r *train.Row) string { return figure(hasHessian(r), "%.4g", 1000*r.Valid.HessianMAE) }},
}

// print is a validation for people, below a heading.
func (x *session) print(r *train.Row) {
	columns := shown
	if x.trainer.Loss.Hessian == 0 {
		columns = shown[:len(shown)-1]
	}
	line := func(of func(k int) string) {
		cells := make([]string, len(columns))
		for k := range cells {
			cells[k] = fmt.Sprintf("%10s", of(k))
		}
		fmt.Fprintln(x.std.Out, strings.Join(cells, " "))
	}
	if !x.heading {
		fmt.Fprintln(x.std.Out)
		for i := range columns[0].heading {
			line(func(k int) string { return columns[k].heading[i] })
		}
		x.heading = true
	}
	line(func(k int) string { return columns[k].of(r) })
}

// figure is a number, or a dash where there is none.
func figure(known bool, format string, x float64) string {
	if !known {
		return "–"
	}
	return fmt.Sprintf(format, x)
}
