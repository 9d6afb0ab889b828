package export

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"

	"painless/checkpoint"
	"painless/nn"
)

// Metadata returns what stands beside a network's tensors in files of weights: its
// architecture, how many parameters there are, and the elements that it was trained on
// where they are known.
func Metadata(network *nn.Network, parameters int) map[string]any {
	metadata := map[string]any{"config": network.Config.Map(), "num_parameters": parameters}
	if len(network.Elements) > 0 {
		list := make([]any, len(network.Elements))
		for i, z := range network.Elements {
			list[i] = z
		}
		metadata[nn.ElementsKey] = list
	}
	return metadata
}

// WriteWeights writes a checkpoint as PyTorch or Safetensors. The latter has the metadata
// as JSON, and text beside it.
func WriteWeights(w io.Writer, c *checkpoint.Checkpoint, format Format, text map[string]string) error {
	if format != Safetensors {
		return c.WritePyTorch(w)
	}
	all := map[string]string{}
	maps.Copy(all, text)
	for key, value := range c.Metadata {
		raw, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		all[key] = string(raw)
	}
	all["format"] = "pt"
	return c.WriteSafetensors(w, all)
}
