import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Node, Pod, Taint } from '../api/types/core-v1.ts'
import { ClusterState } from './framework/cluster-state.ts'
import { selectNode } from './framework/select-node.ts'
import { plugins } from './plugins/index.ts'

const folder = `${import.meta.dirname}/scenarios`

for (const file of readdirSync(folder)) {
  test(`scenario ${file}`, () => {
    const text = readFileSync(`${folder}/${file}`, 'utf8')
    // Each owner selects the pods with its name, as a ReplicaSet does.
    const selectorsOf = ({ metadata: { labels, ownerReferences } }: Pod) =>
      ownerReferences === undefined ? [] : [{ matchLabels: { app: labels?.['app'] ?? '' } }]
    const cluster = new ClusterState(undefined, undefined, { selectorsOf })
    const blocks = text
      .trimEnd()
      .split('\n\n')
      .map(block => {
        const [commands = ''] = block.split('\n----\n')
        const output = commands
          .split('\n')
          .map(line => run(cluster, line))
          .filter(line => line !== '')
        return `${commands}\n----\n${output.length === 0 ? 'ok' : output.join('\n')}`
      })
    const got = `${blocks.join('\n\n')}\n`
    if (process.env['UPDATE'] === '1') writeFileSync(`${folder}/${file}`, got)
    else assert.equal(got, text)
  })
}

function run(cluster: ClusterState, line: string): string {
  const [command, name = '', ...rest] = line.split(' ')
  const options = new Map(
    rest.map(option => {
      const [key = '', ...value] = option.split('=')
      return [key, value.join('=')] as const
    }),
  )
  if (command === 'node') {
    cluster.setNode(node(name, options))
    return ''
  }
  assert.equal(command, 'pod')
  const made = pod(name, options)
  const placement = selectNode(made, cluster, plugins, () => 0)
  if (!placement.placed) return `${name}: ${placement.message}`
  cluster.assume(made, placement.node)
  return `${name} -> ${placement.node}`
}

const resources = ['cpu', 'memory', 'pods']
const pick = (options: ReadonlyMap<string, string>) => Object.fromEntries([...options].filter(([key]) => resources.includes(key)))

function taint(text: string): Taint {
  const [keyValue = '', effect = ''] = text.split(':')
  const [key = '', value = ''] = keyValue.split('=')
  return { key, value, effect }
}

function node(name: string, options: ReadonlyMap<string, string>): Node {
  const labels = Object.fromEntries([...options].filter(([key]) => !['cpu', 'memory', 'pods', 'taint', 'unschedulable'].includes(key)))
  return {
    metadata: { name, labels: { ...labels, 'kubernetes.io/hostname': name } },
    spec: { unschedulable: options.has('unschedulable'), taints: options.has('taint') ? [taint(options.get('taint') ?? '')] : [] },
    status: { allocatable: pick(options) },
  }
}

function pod(name: string, options: ReadonlyMap<string, string>): Pod {
  const labels = { app: options.get('app') ?? options.get('owner') ?? name }
  const [spreadKey = '', maxSkew = '1'] = (options.get('spread') ?? '').split(':')
  const [nearApp = '', nearKey = ''] = (options.get('near') ?? '').split(':')
  const [selectKey = '', selectValue = ''] = (options.get('select') ?? '').split('=')
  const tolerated = options.has('tolerate') ? taint(options.get('tolerate') ?? '') : undefined
  const labelSelector = { matchLabels: labels }
  const owner = options.get('owner')
  return {
    metadata: {
      name,
      uid: name,
      namespace: 'default',
      labels,
      ...(owner === undefined
        ? {}
        : { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }] }),
    },
    spec: {
      containers: [
        {
          name: 'c',
          resources: { requests: pick(options) },
          ports: options.has('port') ? [{ containerPort: 80, hostPort: Number(options.get('port')) }] : [],
        },
      ],
      ...(options.has('select') ? { nodeSelector: { [selectKey]: selectValue } } : {}),
      ...(tolerated === undefined ? {} : { tolerations: [{ ...tolerated, operator: 'Equal' }] }),
      ...(options.has('spread')
        ? {
            topologySpreadConstraints: [
              { topologyKey: spreadKey, maxSkew: Number(maxSkew), whenUnsatisfiable: 'DoNotSchedule', labelSelector },
            ],
          }
        : {}),
      affinity: {
        ...(options.has('away')
          ? {
              podAntiAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: options.get('away') ?? '', labelSelector }],
              },
            }
          : {}),
        ...(options.has('near')
          ? {
              podAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  { topologyKey: nearKey, labelSelector: { matchLabels: { app: nearApp } } },
                ],
              },
            }
          : {}),
      },
    },
  }
}

test('plugins lists every plugin of the folder', () => {
  const files = readdirSync(`${import.meta.dirname}/plugins`).filter(name => name !== 'index.ts')
  const listed = [...readFileSync(`${import.meta.dirname}/plugins/index.ts`, 'utf8').matchAll(/from '\.\/(.*)'/g)].map(([, name]) => name)
  assert.deepEqual(listed.sort(), files.sort())
  assert.equal(plugins.length, files.length)
})
