// The library: a whole secure cluster in one process, for tests, and the client that talks to it.

export { ApiError, isReason } from './api/status.ts'
export { Client } from './client/client.ts'
export { type ResourceRef, resourceRef } from './client/resource-ref.ts'
export * as resources from './client/resources.ts'
export { type Cluster, type StartClusterOptions, startCluster } from './cluster/start-cluster.ts'
