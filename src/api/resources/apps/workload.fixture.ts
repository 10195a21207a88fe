// For tests: the smallest pod template that every workload kind accepts.
import type { PodTemplateSpec } from '../../types/core-v1.ts'

export const labels = { app: 'web' }

export function newTemplate(): PodTemplateSpec {
  return { metadata: { labels: { ...labels } }, spec: { containers: [{ name: 'web', image: 'web:1', resources: {} }] } }
}
