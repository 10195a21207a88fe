// CPU, memory, ephemeral storage and devices: by a container, an init container and a sidecar, by a new pod and by a resize.
import type { Container, PodSpec } from '../../../api/types/core-v1.ts'
import { bareContainer, harmlessSpec, podObject } from '../../proof-pods.ts'
import { strategicPatch } from '../../request.ts'
import { exceeds, type QuotaExcess, type QuotaRoom, type QuotaWrite } from './quota-room.ts'

/** The account of the pods. */
export const quotaAccount = 'c7'

type List = 'requests' | 'limits'
type Amounts = Readonly<Record<string, string>>

const device = 'bulkhead-prove.example.com/device'
const compute = ['cpu', 'memory', 'ephemeral-storage']
/** The smallest amount of each. */
const smallest: Amounts = { cpu: '1m', memory: '1', 'ephemeral-storage': '1', [device]: '1' }
const nothing: Amounts = { cpu: '0', memory: '0', 'ephemeral-storage': '0' }

const amounts = (n: number): Amounts => ({ cpu: `${n}m`, memory: `${n}00k`, 'ephemeral-storage': `${n}0k` })
const withDevice = (n: number): Amounts => ({ ...amounts(n), [device]: '1' })
/** What the pods of `fills` take together. */
const filled: Amounts = { cpu: '245m', memory: '24500k', 'ephemeral-storage': '2450k', [device]: '4' }

const template = bareContainer()

/** States all of the list, with these amounts. Where limits are meant, it requests nothing. */
function container(name: string, list: List, own: Amounts, more: Partial<Container> = {}): Container {
  const { [device]: devices, ...others } = own
  // The API wants both of a device, and equal.
  const ofDevice = devices === undefined ? {} : { [device]: devices }
  const stated = { ...nothing, ...others, ...ofDevice }
  const resources = list === 'requests' ? { requests: stated, limits: ofDevice } : { requests: { ...nothing, ...ofDevice }, limits: stated }
  return Object.assign({}, template, { name, resources }, more)
}

export const quotaPod = (name: string, fields: Partial<PodSpec>): QuotaWrite => ({
  name,
  path: 'pods',
  body: podObject(
    name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
    harmlessSpec({ serviceAccountName: quotaAccount, containers: [template], ...fields }),
  ),
})

const places = ['container', 'init container', 'sidecar'] as const

/** A pod that takes these amounts in one place, and states zero of all else. */
function podIn(name: string, place: (typeof places)[number], list: List, own: Amounts): QuotaWrite {
  if (place === 'container') return quotaPod(name, { containers: [container('main', list, own)] })
  const more = place === 'sidecar' ? { restartPolicy: 'Always' } : {}
  return quotaPod(name, { containers: [container('main', list, {})], initContainers: [container('first', list, own, more)] })
}

const fills = (list: List): QuotaWrite[] => [
  quotaPod('sum', { containers: [container('a', list, withDevice(40)), container('b', list, withDevice(60))] }),
  quotaPod('init', {
    containers: [container('main', list, amounts(10))],
    // One after the other, and before the container: the largest counts.
    initContainers: [container('first', list, withDevice(50)), container('second', list, amounts(30))],
  }),
  quotaPod('sidecar', {
    containers: [container('main', list, amounts(10))],
    // The sidecar runs with the init containers after it.
    initContainers: [container('side', list, withDevice(20), { restartPolicy: 'Always' }), container('after', list, amounts(25))],
  }),
  quotaPod('before', {
    containers: [container('main', list, amounts(10))],
    // Of the same names and amounts as the next, but over before the container starts.
    initContainers: [container('side', list, amounts(20))],
  }),
  quotaPod('beside', {
    containers: [container('main', list, amounts(10))],
    // And with the container.
    initContainers: [container('side', list, amounts(20), { restartPolicy: 'Always' })],
  }),
]

const resize = (name: string, resources: object): QuotaWrite => ({
  ...{ name, method: 'PATCH', path: 'pods/sum/resize', contentType: strategicPatch },
  body: { spec: { containers: [{ name: 'a', resources }] } },
})

function room(list: List): QuotaRoom {
  const bounded = list === 'requests' ? [...compute, device] : compute
  const quotaOf = (resource: string): string => `${list}-${resource === device ? 'device' : resource}`
  const excesses = bounded.flatMap(resource =>
    places.map((place): QuotaExcess => {
      const amount = smallest[resource] ?? ''
      return {
        ...podIn(`${list} of ${resource} of a ${place}`, place, list, { [resource]: amount }),
        message: exceeds(quotaOf(resource), `${list}.${resource}=${amount}`),
      }
    }),
  )
  const resized = [
    { resource: 'cpu', more: '41m', requested: '1m' },
    { resource: 'memory', more: '4000001', requested: '1' },
  ].map(
    ({ resource, more, requested }): QuotaExcess => ({
      ...resize(`resize of ${list} of ${resource}`, { [list]: { [resource]: more } }),
      message: exceeds(quotaOf(resource), `${list}.${resource}=${requested}`),
    }),
  )
  const silentOf = (name: string, fields: Partial<PodSpec>, resource = 'cpu'): QuotaExcess => ({
    ...quotaPod(name, fields),
    message: `must specify ${list}.${resource} for: silent`,
  })
  const stated = container('main', list, {})
  const silent = [
    silentOf(`no ${list} of an init container`, {
      containers: [stated],
      initContainers: [Object.assign({}, template, { name: 'silent' })],
    }),
    silentOf(`no ${list} of one of two containers`, { containers: [stated, Object.assign({}, template, { name: 'silent' })] }),
    silentOf(
      `no ${list} of memory`,
      { containers: [Object.assign({}, template, { name: 'silent', resources: { [list]: { cpu: '0', 'ephemeral-storage': '0' } } })] },
      'memory',
    ),
  ]
  return {
    name: list,
    quotas: Object.fromEntries(bounded.map(resource => [quotaOf(resource), { hard: { [`${list}.${resource}`]: filled[resource] ?? '' } }])),
    fills: fills(list),
    excesses: [...excesses, ...resized, ...silent],
    twins: [...places.map(place => podIn(`nothing of a ${place}`, place, list, {})), resize('resize to less', { [list]: { cpu: '39m' } })],
    counted: [['v1', 'pods']],
  }
}

const hugePages = 'hugepages-2Mi'
const withHugePages = (name: string, amount: string): QuotaWrite =>
  quotaPod(name, {
    containers: [
      Object.assign({}, template, {
        resources: { requests: { cpu: '1m', [hugePages]: amount }, limits: { cpu: '1m', [hugePages]: amount } },
      }),
    ],
  })

export const hugePagesRoom: QuotaRoom = {
  name: 'huge pages',
  quotas: { pages: { hard: { [`requests.${hugePages}`]: '4Mi' } } },
  fills: [withHugePages('pages', '4Mi')],
  excesses: [{ ...withHugePages('more pages', '2Mi'), message: exceeds('pages', `requests.${hugePages}=2Mi`) }],
  twins: [quotaPod('no pages', {})],
  counted: [['v1', 'pods']],
}

export const requestsRoom: QuotaRoom = room('requests')
export const limitsRoom: QuotaRoom = room('limits')
