// The library: a whole secure cluster in one process, for tests.

export { ApiError, isReason } from './api/status.ts'
export { Client } from './client/client.ts'
export { type Cluster, type StartClusterOptions, startCluster } from './cluster/start-cluster.ts'
