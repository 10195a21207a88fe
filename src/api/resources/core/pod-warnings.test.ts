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
      warnings: ['spec.template.spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+'],
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
      spec: {
        containers: [
          {
            name: 'a',
            resources: { limits: { 'ephemeral-storage': '1m', memory: '500m' }, requests: { 'ephemeral-storage': '1m', memory: '500m' } },
          },
        ],
      },
      warnings: [
        'spec.template.spec.containers[0].resources.limits[memory]: fractional byte value "500m" is invalid, must be an integer',
        'spec.template.spec.containers[0].resources.requests[memory]: fractional byte value "500m" is invalid, must be an integer',
        'spec.template.spec.containers[0].resources.limits[ephemeral-storage]: fractional byte value "1m" is invalid, must be an integer',
        'spec.template.spec.containers[0].resources.requests[ephemeral-storage]: fractional byte value "1m" is invalid, must be an integer',
      ],
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
    {
      name: 'finds a host address without a host port',
      spec: { containers: [{ name: 'a', ports: [{ containerPort: 80, protocol: 'UDP', hostIP: '10.0.0.1' }] }] },
      warnings: [
        'spec.template.spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:UDP HostIP:10.0.0.1}',
      ],
    },
    {
      name: 'finds affinity that selects no pod',
      spec: {
        affinity: {
          podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'k' }] },
          podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'k' } }] },
        },
      },
      warnings: [
        'spec.template.spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod',
        'spec.template.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: a null labelSelector results in matching no pod',
      ],
    },
    {
      name: 'finds addresses in odd forms',
      spec: { dnsConfig: { nameservers: ['::FFFF'] }, hostAliases: [{ ip: '01.2.3.4' }] },
      warnings: [
        'spec.template.spec.dnsConfig.nameservers[0]: IPv6 address "::FFFF" should be in RFC 5952 canonical format ("::ffff")',
        'spec.template.spec.hostAliases[0].ip: non-standard IP address "01.2.3.4" will be considered invalid in a future Kubernetes release: use "1.2.3.4"',
      ],
    },
    {
      name: 'finds the old annotation of AppArmor in a template',
      spec: { containers: [{ name: 'a' }] },
      meta: { annotations: { 'container.apparmor.security.beta.kubernetes.io/a': 'unconfined' } },
      warnings: [
        'spec.template.metadata.annotations[container.apparmor.security.beta.kubernetes.io/a]: deprecated since v1.30; use the "appArmorProfile" field instead',
      ],
    },
    {
      name: 'finds files of one volume that are in each other’s way',
      spec: {
        volumes: [
          {
            name: 'v',
            configMap: {
              name: 'm',
              items: [
                { key: 'a', path: 'x' },
                { key: 'b', path: 'x/y' },
              ],
            },
          },
          {
            name: 'w',
            projected: {
              sources: [
                { secret: { name: 's', items: [{ key: 'a', path: 'z/' }] } },
                { serviceAccountToken: { path: 'z/y' } },
                {},
                { downwardAPI: { items: [{ path: 'z' }] } },
              ],
            },
          },
        ],
      },
      warnings: [
        'volume "v" (ConfigMap "m"): overlapping paths: "x/y" with "x"',
        'volume "w" (Projected): overlapping paths: "z/y" (ServiceAccountToken) with "z" (Secret "s")',
        'volume "w" (Projected) has no sources provided',
        'volume "w" (Projected): overlapping paths: "z" (DownwardAPI) with "z" (Secret "s")',
        'volume "w" (Projected): overlapping paths: "z" (DownwardAPI) with "z/y" (ServiceAccountToken)',
      ],
    },
    {
      name: 'knows a folder from a longer name, and takes a source without items for the one before it',
      spec: {
        volumes: [
          { name: 'v', secret: { secretName: 's', items: ['ab', 'abc', 'ab/'].map(path => ({ key: 'k', path })) } },
          {
            name: 'w',
            projected: { sources: [{ secret: { name: 's' } }, { serviceAccountToken: { path: 'z' } }, { configMap: { name: 'c' } }] },
          },
        ],
      },
      warnings: [
        'volume "v" (Secret "s"): overlapping paths: "ab" with "ab"',
        'volume "w" (Projected): overlapping paths: "z" (ServiceAccountToken) with "z" (ServiceAccountToken)',
      ],
    },
    {
      name: 'finds a fraction of a byte in a claim',
      spec: {
        volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { spec: { resources: { requests: { storage: '500m' } } } } } }],
      },
      warnings: [
        'spec.template.spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value "500m" is invalid, must be an integer',
      ],
    },
  ]
  for (const { name, spec, meta, warnings } of rows) {
    test(name, () => assert.deepEqual(podWarnings({ containers: [], ...spec }, meta, 'spec.template'), warnings))
  }
})
