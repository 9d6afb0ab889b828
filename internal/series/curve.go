package series

import "math"

// maxPoints of a curve are held: as many as a picture has room for.
const maxPoints = 512

// Curve is a series for a picture: at first its points, and as they become many
// the mean, the smallest and the largest of points that follow one another.
type Curve struct {
	points []Point
	per    int64
}

// Point is values that follow one another: their mean, and what they lie between.
type Point struct {
	T, Mean, Low, High float64
	n                  int64
}

// Add adds a value.
func (c *Curve) Add(t, y float64) {
	last := len(c.points) - 1
	if last < 0 || c.points[last].n == c.per {
		if len(c.points) == maxPoints {
			for i := range maxPoints / 2 {
				a, b := c.points[2*i], c.points[2*i+1]
				c.points[i] = Point{(a.T + b.T) / 2, (a.Mean + b.Mean) / 2, min(a.Low, b.Low), max(a.High, b.High), a.n + b.n}
			}
			c.points = c.points[:maxPoints/2]
		}
		if len(c.points) == 0 {
			c.per = 1
		} else {
			c.per = c.points[0].n
		}
		c.points = append(c.points, Point{Low: math.Inf(1), High: math.Inf(-1)})
		last = len(c.points) - 1
	}
	p := &c.points[last]
	p.n++
	p.T += (t - p.T) / float64(p.n)
	p.Mean += (y - p.Mean) / float64(p.n)
	p.Low, p.High = min(p.Low, y), max(p.High, y)
}

// Points is the curve, in order, until the next Add.
func (c *Curve) Points() []Point { return c.points }
