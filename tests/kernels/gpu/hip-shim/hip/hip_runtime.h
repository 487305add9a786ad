/* hip_runtime.h: the calls of HIP that the GPU backend makes, on CUDA's run-time library.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * For tests: nvcc -x cu -DGPU_HIP_SHIM -I tests/kernels/gpu/hip-shim builds a libkrn-hip.so that runs on an NVIDIA GPU.  That is
 * the HIP build's side of the host (streams, events, order, error paths, launches of all blocks at once) with waves of 32; what
 * AMD's compiler makes of the kernels it says nothing about. */
#pragma once

#include <cuda_runtime.h>

typedef cudaError_t    hipError_t;
typedef cudaStream_t   hipStream_t;
typedef cudaEvent_t    hipEvent_t;
typedef cudaDeviceProp hipDeviceProp_t;
typedef cudaHostFn_t   hipHostFn_t;

#define hipSuccess                                    cudaSuccess
#define hipErrorInvalidValue                          cudaErrorInvalidValue
#define hipErrorOutOfMemory                           cudaErrorMemoryAllocation
#define hipErrorNoDevice                              cudaErrorNoDevice
#define hipErrorNotReady                              cudaErrorNotReady
#define hipMemcpyHostToDevice                         cudaMemcpyHostToDevice
#define hipMemcpyDeviceToHost                         cudaMemcpyDeviceToHost
#define hipMemcpyDeviceToDevice                       cudaMemcpyDeviceToDevice
#define hipStreamNonBlocking                          cudaStreamNonBlocking
#define hipEventDefault                               cudaEventDefault
#define hipEventDisableTiming                         cudaEventDisableTiming
#define hipHostMallocDefault                          cudaHostAllocDefault
#define hipHostMallocMapped                           cudaHostAllocMapped
#define hipFuncAttributeMaxDynamicSharedMemorySize    cudaFuncAttributeMaxDynamicSharedMemorySize

#define hipGetDeviceCount                             cudaGetDeviceCount
#define hipGetDevice                                  cudaGetDevice
#define hipSetDevice                                  cudaSetDevice
#define hipGetDeviceProperties                        cudaGetDeviceProperties
#define hipDeviceSynchronize                          cudaDeviceSynchronize
#define hipGetLastError                               cudaGetLastError
#define hipPeekAtLastError                            cudaPeekAtLastError
#define hipGetErrorString                             cudaGetErrorString
#define hipGetErrorName                               cudaGetErrorName
#define hipMalloc                                     cudaMalloc
#define hipFree                                       cudaFree
#define hipHostMalloc                                 cudaHostAlloc
#define hipHostFree                                   cudaFreeHost
#define hipHostGetDevicePointer                       cudaHostGetDevicePointer
#define hipMemGetInfo                                 cudaMemGetInfo
#define hipMemcpy                                     cudaMemcpy
#define hipMemcpyAsync                                cudaMemcpyAsync
#define hipMemset                                     cudaMemset
#define hipMemsetAsync                                cudaMemsetAsync
#define hipStreamCreateWithFlags                      cudaStreamCreateWithFlags
#define hipStreamDestroy                              cudaStreamDestroy
#define hipStreamSynchronize                          cudaStreamSynchronize
#define hipStreamQuery                                cudaStreamQuery
#define hipStreamWaitEvent                            cudaStreamWaitEvent
#define hipEventCreate                                cudaEventCreate
#define hipEventCreateWithFlags                       cudaEventCreateWithFlags
#define hipEventDestroy                               cudaEventDestroy
#define hipEventRecord                                cudaEventRecord
#define hipEventSynchronize                           cudaEventSynchronize
#define hipEventQuery                                 cudaEventQuery
#define hipEventElapsedTime                           cudaEventElapsedTime
#define hipFuncSetAttribute                           cudaFuncSetAttribute
#define hipLaunchHostFunc                             cudaLaunchHostFunc
#define hipLaunchCooperativeKernel                    cudaLaunchCooperativeKernel
#define hipOccupancyMaxActiveBlocksPerMultiprocessor  cudaOccupancyMaxActiveBlocksPerMultiprocessor

#define hipLaunchKernelGGL(kernel, grid, block, shared, stream, ...) (kernel)<<<(grid), (block), (shared), (stream)>>> (__VA_ARGS__)

template <class T> static __device__ __forceinline__ T __shfl (T v, int lane, int width) { return __shfl_sync (0xffffffffu, v, lane, width); }
template <class T> static __device__ __forceinline__ T __shfl_xor (T v, int mask, int width) { return __shfl_xor_sync (0xffffffffu, v, mask, width); }
