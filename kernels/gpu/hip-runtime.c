/* hip-runtime.c: AMD's run-time library, found when the module is loaded.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The library's file is named after its version (libamdhip64.so.5, .6, .7), and the few calls made here are the same in all of
 * them.  So the module is not linked with the one that happened to be there when it was built: each call is looked up in the one
 * that is there now, that of the same version first.  Where there is none, every call fails with a sentence about that, and
 * the module reports that it has no device.
 *
 * Includes what the compiler calls on its own for kernels and their launches.  A call that is missing here is an
 * error when the module is linked; one that a library does not have fails when it is made. */
#define __HIP_PLATFORM_AMD__ 1
#include <hip/hip_runtime_api.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

/* hip_version.h calls it a number. */
#define TEXT_(x) #x
#define TEXT(x)  TEXT_ (x)

static void          *library;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
open_library (void)
{
  static const char *const names[] = {
      "libamdhip64.so." TEXT (HIP_VERSION_MAJOR), "libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5",
      "/opt/rocm/lib/libamdhip64.so." TEXT (HIP_VERSION_MAJOR), "/opt/rocm/lib/libamdhip64.so",
  };

  for (size_t i = 0; i < sizeof names / sizeof *names && library == NULL; i++)
    library = dlopen (names[i], RTLD_NOW | RTLD_LOCAL);
}

static void *
find (const char *name)
{
  pthread_once (&once, open_library);
  return library != NULL ? dlsym (library, name) : NULL;
}

/* @name may be a macro for the call as of the version that this is built with: hipGetDevicePropertiesR0600. */
#define FORWARD(type, name, parameters, arguments, otherwise)                                                                      \
  type name parameters                                                                                                             \
  {                                                                                                                                \
    static type (*call) parameters;                                                                                                \
    type (*f) parameters = __atomic_load_n (&call, __ATOMIC_RELAXED);                                                              \
    if (f == NULL) {                                                                                                               \
      f = (type (*) parameters)find (TEXT (name));                                                                                 \
      __atomic_store_n (&call, f, __ATOMIC_RELAXED);                                                                               \
    }                                                                                                                              \
    return f != NULL ? f arguments : (otherwise);                                                                                  \
  }
#define CALL(name, parameters, arguments) FORWARD (hipError_t, name, parameters, arguments, hipErrorSharedObjectInitFailed)

/* ---- devices ---- */

CALL (hipGetDeviceCount, (int *n), (n))
CALL (hipGetDevice, (int *device), (device))
CALL (hipSetDevice, (int device), (device))
CALL (hipGetDeviceProperties, (hipDeviceProp_t * properties, int device), (properties, device))
CALL (hipDeviceSynchronize, (void), ())
CALL (hipGetLastError, (void), ())
CALL (hipPeekAtLastError, (void), ())
FORWARD (const char *, hipGetErrorString, (hipError_t error), (error), "AMD's run-time library, libamdhip64.so, is not installed")

/* ---- memory ---- */

CALL (hipMalloc, (void **p, size_t bytes), (p, bytes))
CALL (hipFree, (void *p), (p))
CALL (hipHostMalloc, (void **p, size_t bytes, unsigned flags), (p, bytes, flags))
CALL (hipHostFree, (void *p), (p))
CALL (hipHostGetDevicePointer, (void **device, void *host, unsigned flags), (device, host, flags))
CALL (hipMemGetInfo, (size_t * free, size_t *total), (free, total))
CALL (hipMemcpy, (void *to, const void *from, size_t bytes, hipMemcpyKind kind), (to, from, bytes, kind))
CALL (hipMemcpyAsync, (void *to, const void *from, size_t bytes, hipMemcpyKind kind, hipStream_t stream), (to, from, bytes, kind, stream))
CALL (hipMemset, (void *to, int byte, size_t bytes), (to, byte, bytes))
CALL (hipMemsetAsync, (void *to, int byte, size_t bytes, hipStream_t stream), (to, byte, bytes, stream))

/* ---- order ---- */

CALL (hipStreamCreateWithFlags, (hipStream_t * stream, unsigned flags), (stream, flags))
CALL (hipStreamDestroy, (hipStream_t stream), (stream))
CALL (hipStreamSynchronize, (hipStream_t stream), (stream))
CALL (hipStreamQuery, (hipStream_t stream), (stream))
CALL (hipStreamWaitEvent, (hipStream_t stream, hipEvent_t event, unsigned flags), (stream, event, flags))
CALL (hipEventCreateWithFlags, (hipEvent_t * event, unsigned flags), (event, flags))
CALL (hipEventDestroy, (hipEvent_t event), (event))
CALL (hipEventRecord, (hipEvent_t event, hipStream_t stream), (event, stream))
CALL (hipEventSynchronize, (hipEvent_t event), (event))
CALL (hipEventQuery, (hipEvent_t event), (event))
CALL (hipEventElapsedTime, (float *ms, hipEvent_t from, hipEvent_t to), (ms, from, to))

/* ---- kernels ---- */

CALL (hipFuncSetAttribute, (const void *kernel, hipFuncAttribute attribute, int value), (kernel, attribute, value))
CALL (hipOccupancyMaxActiveBlocksPerMultiprocessor, (int *n, const void *kernel, int threads, size_t shared), (n, kernel, threads, shared))
CALL (hipLaunchKernel, (const void *kernel, dim3 grid, dim3 block, void **args, size_t shared, hipStream_t stream), (kernel, grid, block, args, shared, stream))
CALL (hipLaunchCooperativeKernel,
      (const void *kernel, dim3 grid, dim3 block, void **args, unsigned shared, hipStream_t stream),
      (kernel, grid, block, args, shared, stream))

/* What clang calls from the objects that hold kernels: clang, "HIP Support", and lib/CodeGen/CGCUDANV.cpp. */
hipError_t __hipPushCallConfiguration (dim3 grid, dim3 block, size_t shared, hipStream_t stream);
hipError_t __hipPopCallConfiguration (dim3 *grid, dim3 *block, size_t *shared, hipStream_t *stream);
void     **__hipRegisterFatBinary (const void *binary);
void       __hipUnregisterFatBinary (void **handle);
void       __hipRegisterFunction (void **handle, const void *stub, char *name, const char *device_name, unsigned limit, void *thread, void *block, dim3 *block_dim, dim3 *grid_dim, int *wave);
void       __hipRegisterVar (void **handle, void *variable, char *name, char *device_name, int external, size_t bytes, int constant, int global);

CALL (__hipPushCallConfiguration, (dim3 grid, dim3 block, size_t shared, hipStream_t stream), (grid, block, shared, stream))
CALL (__hipPopCallConfiguration, (dim3 * grid, dim3 *block, size_t *shared, hipStream_t *stream), (grid, block, shared, stream))
FORWARD (void **, __hipRegisterFatBinary, (const void *binary), (binary), NULL)

void
__hipUnregisterFatBinary (void **handle)
{
  void (*f) (void **) = (void (*) (void **))find ("__hipUnregisterFatBinary");

  if (f != NULL)
    f (handle);
}

void
__hipRegisterFunction (void **handle, const void *stub, char *name, const char *device_name, unsigned limit, void *thread, void *block, dim3 *block_dim, dim3 *grid_dim, int *wave)
{
  void (*f) (void **, const void *, char *, const char *, unsigned, void *, void *, dim3 *, dim3 *, int *) =
      (void (*) (void **, const void *, char *, const char *, unsigned, void *, void *, dim3 *, dim3 *, int *))find ("__hipRegisterFunction");

  if (f != NULL)
    f (handle, stub, name, device_name, limit, thread, block, block_dim, grid_dim, wave);
}

void
__hipRegisterVar (void **handle, void *variable, char *name, char *device_name, int external, size_t bytes, int constant, int global)
{
  void (*f) (void **, void *, char *, char *, int, size_t, int, int) = (void (*) (void **, void *, char *, char *, int, size_t, int, int))find ("__hipRegisterVar");

  if (f != NULL)
    f (handle, variable, name, device_name, external, bytes, constant, global);
}
