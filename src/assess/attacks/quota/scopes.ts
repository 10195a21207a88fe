// Quotas with scopes: each counts the pods of its scope and no others.
import type { PodAffinityTerm, PodSpec } from '../../../api/types/core-v1.ts'
import { bareContainer } from '../../proof-pods.ts'
import { quotaPod } from './compute.ts'
import { type Classes, exceeds, type QuotaExcess, type QuotaRoom } from './quota-room.ts'

const template = bareContainer()
const withRequest = { containers: [Object.assign({}, template, { resources: { requests: { cpu: '1m' } } })] }
const bounded = { activeDeadlineSeconds: 3600 }

const term: PodAffinityTerm = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'none' } } }
const others = { ...term, namespaces: ['default'] }
const selected = { ...term, namespaceSelector: {} }
const inTerms = (wanted: PodAffinityTerm) => [
  { name: 'required affinity', affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [wanted] } } },
  {
    name: 'preferred anti-affinity',
    affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: wanted }] } },
  },
]

const one = { pods: '1' }
const requested = 'pods=1'
const scoped = (scope: string, hard: Readonly<Record<string, string>> = one) => ({ hard, scopes: [scope] })
const ofClass = (operator: string, values?: readonly string[]) => ({
  hard: one,
  scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator, ...(values === undefined ? {} : { values: [...values] }) }] },
})
const excess = (name: string, quota: string, fields: Partial<PodSpec>, what = requested): QuotaExcess => ({
  ...quotaPod(name, fields),
  message: exceeds(quota, what),
})

/** Quotas for pods that are bounded in time, unbounded in resources, of a class, or near pods of other namespaces; most pods are in none. */
export const narrowScopes = ({ x, y }: Classes): QuotaRoom => ({
  name: 'scopes',
  quotas: {
    terminating: scoped('Terminating', { pods: '1', 'requests.cpu': '1m' }),
    'best-effort': scoped('BestEffort'),
    // A pod is in several of these, and the refusal names the first.
    'class-in': ofClass('In', [x]),
    'class-of-any': { ...ofClass('Exists'), hard: { pods: '2' } },
    cross: { ...scoped('CrossNamespacePodAffinity'), hard: { pods: '1' } },
  },
  fills: [
    quotaPod('terminating', { ...withRequest, ...bounded }),
    quotaPod('best-effort', {}),
    quotaPod('class-x', { ...withRequest, priorityClassName: x }),
    quotaPod('class-y', { ...withRequest, priorityClassName: y }),
    quotaPod('cross', { ...withRequest, affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [others] } } }),
  ],
  excesses: [
    excess('scope Terminating', 'terminating', { ...withRequest, ...bounded }, 'pods=1,requests.cpu=1m'),
    excess('scope BestEffort', 'best-effort', {}),
    excess('scope PriorityClass In', 'class-in', { ...withRequest, priorityClassName: x }),
    excess('scope PriorityClass Exists', 'class-of-any', { ...withRequest, priorityClassName: y }),
    ...[
      { how: 'names', wanted: others },
      { how: 'a selector', wanted: selected },
    ].flatMap(({ how, wanted }) =>
      inTerms(wanted).map(({ name, affinity }) =>
        excess(`scope CrossNamespacePodAffinity by ${how} in ${name}`, 'cross', { ...withRequest, affinity }),
      ),
    ),
  ],
  twins: [
    quotaPod('pod in no scope', withRequest),
    ...inTerms(term).map(({ name, affinity }) => quotaPod(`${name} within the namespace`, { ...withRequest, affinity })),
  ],
  counted: [['v1', 'pods']],
})

/** The opposite scopes: most pods are in all of them. */
export const wideScopes = ({ x, y }: Classes): QuotaRoom => ({
  name: 'opposite scopes',
  quotas: {
    'not-terminating': scoped('NotTerminating'),
    'not-best-effort': scoped('NotBestEffort'),
    'class-none': ofClass('DoesNotExist'),
    'class-not-in': { ...ofClass('NotIn', [x]), hard: { pods: '2' } },
  },
  fills: [
    quotaPod('not-terminating', { priorityClassName: x }),
    quotaPod('not-best-effort', { ...withRequest, ...bounded, priorityClassName: x }),
    quotaPod('class-none', bounded),
    quotaPod('class-y', { ...bounded, priorityClassName: y }),
  ],
  excesses: [
    excess('scope NotTerminating', 'not-terminating', { priorityClassName: x }),
    excess('scope NotBestEffort', 'not-best-effort', { ...withRequest, ...bounded, priorityClassName: x }),
    excess('scope PriorityClass DoesNotExist', 'class-none', bounded),
    excess('scope PriorityClass NotIn', 'class-not-in', { ...bounded, priorityClassName: y }),
  ],
  twins: [quotaPod('pod in no opposite scope', { ...bounded, priorityClassName: x })],
  counted: [['v1', 'pods']],
})
