// metrics.k8s.io/v1beta1 NodeMetrics: a node's own measurement of its usage; the server requests it and stores nothing.

import type { NodeMetrics } from '../../types/metrics-v1beta1.ts'
import { defineResource } from '../resource.ts'
import { nameColumn } from '../standard-columns.ts'
import { usageColumns } from './usage-columns.ts'

export const nodeMetrics = defineResource<NodeMetrics>({
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  kind: 'NodeMetrics',
  plural: 'nodes',
  namespaced: false,
  verbs: ['get', 'list'],
  virtual: true,
  serving: { yieldsToApiService: true },
  columns: [nameColumn, ...usageColumns<NodeMetrics>(({ usage }) => usage)],
})
