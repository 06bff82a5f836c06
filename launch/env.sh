# shellcheck shell=bash
# The environment in which foehn runs well; to be sourced. What the user has set already stays.

# The program. In a source tree it is what launch/build made: of the preset FOEHN_BUILD, or, without it, the one for GPUs
# where this machine has a GPU and there is such a build, else the one for CPUs. Elsewhere it is that of the installation,
# of which this is PREFIX/share/foehn/launch.
foehn_tree="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
if [ -f "$foehn_tree/CMakeLists.txt" ]; then
  foehn_build="${FOEHN_BUILD:-release}"
  if [ -z "${FOEHN_BUILD:-}" ] && [ -x "$foehn_tree/build/cuda/bin/foehn" ] && compgen -G '/dev/nvidia[0-9]*' >/dev/null; then
    foehn_build=cuda
  fi
  foehn_bin="$foehn_tree/build/$foehn_build/bin"
else
  foehn_bin="$(cd "$foehn_tree/../.." && pwd)/bin"
fi
case "$PATH:" in "$foehn_bin:"*) ;; *) export PATH="$foehn_bin:$PATH" ;; esac
unset foehn_bin foehn_build foehn_tree

# One thread per rank: ranks that each start a thread per core fight over the cores.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"

# OpenMPI pins each of few ranks to one core by itself, which starves ranks with more than one thread.
export OMPI_MCA_hwloc_base_binding_policy="${OMPI_MCA_hwloc_base_binding_policy:-none}"
# More ranks than cores is slow but right, as in tests on a small machine.
export OMPI_MCA_rmaps_base_oversubscribe="${OMPI_MCA_rmaps_base_oversubscribe:-1}"
# A rank that waits for another lets it run, where cores are shared.
export OMPI_MCA_mpi_yield_when_idle="${OMPI_MCA_mpi_yield_when_idle:-1}"
# mpirun notices within about a minute and a half that a host is gone whose network no longer answers; else it could wait
# for that host even after foehn has given up.
export OMPI_MCA_oob_tcp_keepalive_time="${OMPI_MCA_oob_tcp_keepalive_time:-60}"
export OMPI_MCA_oob_tcp_keepalive_intvl="${OMPI_MCA_oob_tcp_keepalive_intvl:-10}"
export OMPI_MCA_oob_tcp_keepalive_probes="${OMPI_MCA_oob_tcp_keepalive_probes:-3}"
# OpenMPI refuses to start for root, who is the user of most containers.
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

# OpenBLAS 0.3.21 takes Xeons younger than itself for a generic processor and is five times slower than it could be.
if [ -z "${OPENBLAS_CORETYPE:-}" ] && grep --quiet --word-regexp avx512dq /proc/cpuinfo 2>/dev/null; then
  export OPENBLAS_CORETYPE=SkylakeX
fi
