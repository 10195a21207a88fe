import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ObjectMeta } from '../../object.ts'
import type { PodSpec } from '../../types/core-v1.ts'
import { podWarnings } from './pod-warnings.ts'

describe('podWarnings()', () => {
  const rows: readonly { name: string; spec?: Partial<PodSpec>; meta?: ObjectMeta; warnings: readonly string[] }[] = [
    { name: 'is silent on a plain pod', warnings: [] },
    {
      name: 'names deprecated annotations',
      meta: { annotations: { 'scheduler.alpha.kubernetes.io/critical-pod': '' } },
      warnings: [
        'spec.template.metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
      ],
    },
    {
      name: 'names deprecated node labels',
      spec: { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } },
      warnings: ['spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
    },
    {
      name: 'names deprecated volumes',
      spec: { volumes: [{ name: 'a', gitRepo: { repository: 'r' } }] },
      warnings: ['spec.template.spec.volumes[0].gitRepo: deprecated in v1.11'],
    },
    {
      name: 'finds variables that hide others',
      spec: {
        containers: [
          {
            name: 'a',
            env: [
              { name: 'X', value: '1' },
              { name: 'X', value: '2' },
            ],
          },
        ],
      },
      warnings: ['spec.template.spec.containers[0].env[1]: hides previous definition of "X", which may be dropped when using apply'],
    },
    {
      name: 'lets them be extended',
      spec: {
        containers: [
          {
            name: 'a',
            env: [
              { name: 'X', value: '1' },
              { name: 'X', value: '$(X)2' },
            ],
          },
        ],
      },
      warnings: [],
    },
    {
      name: 'finds fractions of bytes',
      spec: { containers: [{ name: 'a', resources: { limits: { memory: '500m' } } }] },
      warnings: ['spec.template.spec.containers[0].resources.limits[memory]: fractional byte value "500m" is invalid, must be an integer'],
    },
    {
      name: 'finds repeated ports',
      spec: {
        containers: [
          {
            name: 'a',
            ports: [
              { containerPort: 1, protocol: 'TCP' },
              { containerPort: 1, protocol: 'TCP' },
            ],
          },
        ],
      },
      warnings: ['spec.template.spec.containers[0].ports[1]: duplicate port definition with spec.template.spec.containers[0].ports[0]'],
    },
    {
      name: 'finds secrets without a name',
      spec: { imagePullSecrets: [{ name: '' }, { name: '' }] },
      warnings: [
        'spec.template.spec.imagePullSecrets[1].name: duplicate name ""',
        'spec.template.spec.imagePullSecrets[0].name: invalid empty name ""',
        'spec.template.spec.imagePullSecrets[1].name: invalid empty name ""',
      ],
    },
  ]
  for (const { name, spec, meta, warnings } of rows) {
    test(name, () => assert.deepEqual(podWarnings({ containers: [], ...spec }, meta, 'spec.template'), warnings))
  }
})
