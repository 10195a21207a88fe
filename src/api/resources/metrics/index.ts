// The kinds of this group, which is metrics-server's: what nodes and pods use now.
import type { ResourceDefinition } from '../resource.ts'
import { nodeMetrics } from './node-metrics.ts'
import { podMetrics } from './pod-metrics.ts'

export const metricsResources: readonly ResourceDefinition[] = [nodeMetrics, podMetrics]
