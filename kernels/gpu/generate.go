package gpu

// PTX for every GPU since Volta, the same bytes on every machine: nothing is
// contracted (fused multiply-adds are written out), and the PTX version is
// fixed, as it would follow an installed CUDA otherwise.

//go:generate -command ptx clang-19 -x cuda --cuda-device-only -nocudainc -nocudalib --cuda-gpu-arch=sm_70 --cuda-feature=+ptx70 -ffp-contract=off -O3 -S -Wall -Werror
//go:generate ptx -o neighbors.ptx neighbors.cu
//go:generate ptx -o embed.ptx embed.cu
//go:generate ptx -o filter.ptx filter.cu
//go:generate ptx -o message.ptx message.cu
//go:generate ptx -DLOW_ONLY -o message_low.ptx message.cu
//go:generate ptx -o update.ptx update.cu
//go:generate ptx -o few.ptx few.cu
//go:generate ptx -o collect.ptx collect.cu
//go:generate ptx -o ceilings.ptx ceilings.cu
//go:generate sh -c "sha256sum *.cu *.cuh generate.go *.ptx > ptx.sum"
