// metrics.k8s.io/v1beta1 PodMetrics: the node's measurement of a pod's containers; the server requests it and stores nothing.

import type { PodMetrics } from '../../types/metrics-v1beta1.ts'
import { defineResource } from '../resource.ts'
import { nameColumn } from '../standard-columns.ts'
import { totalUsage, usageColumns } from './usage-columns.ts'

export const podMetrics = defineResource<PodMetrics>({
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  kind: 'PodMetrics',
  plural: 'pods',
  namespaced: true,
  verbs: ['get', 'list'],
  virtual: true,
  serving: { yieldsToApiService: true },
  columns: [nameColumn, ...usageColumns<PodMetrics>(({ containers }) => totalUsage(containers.map(({ usage }) => usage)))],
})
