// The kinds of metrics-server's group: current usage of nodes and pods.
import type { ResourceDefinition } from '../resource.ts'
import { nodeMetrics } from './node-metrics.ts'
import { podMetrics } from './pod-metrics.ts'

export const metricsResources: readonly ResourceDefinition[] = [nodeMetrics, podMetrics]
