from spack_repo.builtin.build_systems.cmake import CMakePackage
from spack_repo.builtin.build_systems.cuda import CudaPackage

from spack.package import *


class Foehn(CMakePackage, CudaPackage):
    """Local, hourly weather out of coarse climate simulations, sampled from a diffusion prior on any number of ranks."""

    license("Apache-2.0", checked_by="foehn")
    maintainers("foehn")

    # Of a source tree that `spack develop` names.
    version("main")

    conflicts("cuda_arch=none", when="+cuda", msg="cuda_arch: expected the compute capabilities to build for, such as 80,90")

    generator("ninja")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    # LibTorch is the folder torch of PyTorch.
    depends_on("py-torch@1.13:~cuda", when="~cuda")
    depends_on("py-torch@2:+cuda", when="+cuda")
    for arch in CudaPackage.cuda_arch_values:
        depends_on(f"py-torch cuda_arch={arch}", when=f"+cuda cuda_arch={arch}")
    depends_on("python", type="build")
    # One HDF5 without MPI for all: a serial and a parallel one must not meet in one program.
    depends_on("netcdf-c~mpi")
    depends_on("hdf5@1.10.3:~mpi+hl")
    depends_on("zlib-api")
    depends_on("udunits")
    depends_on("boost@1.74:+program_options")
    depends_on("fmt@9:")
    depends_on("spdlog+fmt_external")
    depends_on("nlohmann-json")
    depends_on("openssl")
    depends_on("libpng")

    def torch(self):
        return join_path(self.spec["py-torch"].prefix, self.spec["python"].package.platlib, "torch")

    def cmake_args(self):
        args = [
            self.define("FOEHN_BUILD_TESTS", False),
            self.define_from_variant("FOEHN_CUDA", "cuda"),
            self.define("Torch_DIR", join_path(self.torch(), "share", "cmake", "Torch")),
        ]
        if self.spec.satisfies("+cuda"):
            # "80" is 8.0.
            archs = [f"{arch[:-1]}.{arch[-1]}" for arch in self.spec.variants["cuda_arch"].value]
            args.append(self.define("FOEHN_CUDA_TORCH", self.torch()))
            args.append(self.define("TORCH_CUDA_ARCH_LIST", ";".join(archs)))
        return args

    @run_after("install")
    @on_package_attributes(run_tests=True)
    def check_installed(self):
        Executable(self.prefix.bin.foehn)("info", join_path(self.prefix.share.foehn.configs, "era5_uk_prior"))
