// One LimitRange for each kind of bound, and objects at and beyond it.
import type { Container, LimitRangeItem, PodSpec, ResourceList } from '../../../api/types/core-v1.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { mergePatch, type ProofRequest, strategicPatch } from '../../request.ts'

/** The account of the pods. */
export const limitAccount = 'c8'

export interface LimitWrite extends Omit<ProofRequest, 'method' | 'path'> {
  readonly name: string
  /** Default: POST. */
  readonly method?: ProofRequest['method']
  /** Below the namespace; begins with the plural. */
  readonly path: string
}

export interface LimitRoom {
  readonly name: string
  /** Each in a LimitRange of its own. */
  readonly limits: readonly LimitRangeItem[]
  /** Stored before there is a LimitRange. */
  readonly before?: readonly LimitWrite[]
  /** Stored before the attempts. */
  readonly stored?: readonly LimitWrite[]
  /** `message` is what the refusal must contain. */
  readonly beyond: readonly (LimitWrite & { readonly message: string })[]
  readonly within: readonly LimitWrite[]
}

const [template] = harmlessSpec().containers
export const limitedContainer = (name: string, requests: ResourceList, limits: ResourceList, more: Partial<Container> = {}): Container =>
  Object.assign({}, template, { name, resources: { requests, limits } }, more)

const idOf = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
export const limitedPod = (name: string, fields: Partial<PodSpec>): LimitWrite => ({
  name,
  path: 'pods',
  body: podObject(idOf(name), harmlessSpec({ serviceAccountName: limitAccount, ...fields })),
})

const places = ['container', 'init container', 'sidecar'] as const

const resize = (name: string, resources: { readonly requests?: ResourceList; readonly limits?: ResourceList }): LimitWrite => ({
  ...{ name, method: 'PATCH', path: 'pods/stored/resize', contentType: strategicPatch },
  body: { spec: { containers: [{ name: 'main', resources }] } },
})

/** Within all bounds of `containers`. */
const usual = {
  requests: { cpu: '50m', memory: '50M', 'ephemeral-storage': '50M' },
  limits: { cpu: '80m', memory: '80M', 'ephemeral-storage': '80M' },
}

/** A usual pod in which one container differs in one amount. */
function differing(name: string, place: (typeof places)[number], requests: ResourceList, limits: ResourceList): LimitWrite {
  const changed = (own: string, more: Partial<Container> = {}) =>
    limitedContainer(own, { ...usual.requests, ...requests }, { ...usual.limits, ...limits }, more)
  const plain = limitedContainer('main', usual.requests, usual.limits)
  if (place === 'container') return limitedPod(name, { containers: [plain, changed('second')] })
  const more = place === 'sidecar' ? { restartPolicy: 'Always' } : {}
  return limitedPod(name, {
    containers: [plain],
    initContainers: [limitedContainer('first', usual.requests, usual.limits), changed('second', more)],
  })
}

const amounts = [
  { resource: 'cpu', below: '19m', min: '20m', max: '100m', above: '101m', low: '39m' },
  { resource: 'memory', below: '19999999', min: '20M', max: '100M', above: '100000001', low: '39M' },
  { resource: 'ephemeral-storage', below: '19999999', min: '20M', max: '100M', above: '100000001', low: '39M' },
] as const
const listOf = (of: (row: (typeof amounts)[number]) => string): ResourceList =>
  Object.fromEntries(amounts.map(row => [row.resource, of(row)]))

const ratio = '2'

export const containerBounds: LimitRoom = {
  name: 'Container',
  limits: [
    { type: 'Container', min: listOf(({ min }) => min) },
    { type: 'Container', max: listOf(({ max }) => max) },
    { type: 'Container', maxLimitRequestRatio: listOf(() => ratio) },
  ],
  stored: [limitedPod('stored', { containers: [limitedContainer('main', usual.requests, usual.limits)] })],
  beyond: [
    ...amounts.flatMap(({ resource, below, min, max, above, low }) =>
      places.flatMap(place => [
        {
          ...differing(`${resource} below the minimum in a ${place}`, place, { [resource]: below }, { [resource]: min }),
          message: `minimum ${resource} usage per Container is ${min}, but request is ${below}`,
        },
        {
          ...differing(`${resource} above the maximum in a ${place}`, place, { [resource]: max }, { [resource]: above }),
          message: `maximum ${resource} usage per Container is ${max}, but limit is ${above}`,
        },
        {
          ...differing(`${resource} above the ratio in a ${place}`, place, { [resource]: low }, {}),
          message: `${resource} max limit to request ratio per Container is ${ratio}, but provided ratio is 2.05`,
        },
      ]),
    ),
    {
      ...resize('resize above the maximum', { limits: { cpu: '101m' }, requests: { cpu: '60m' } }),
      message: 'maximum cpu usage per Container is 100m, but limit is 101m',
    },
    { ...resize('resize above the ratio', { requests: { cpu: '39m' } }), message: 'cpu max limit to request ratio per Container is 2' },
  ],
  within: [
    ...amounts.flatMap(({ resource, min, max }) =>
      places.flatMap(place => [
        differing(`${resource} at the minimum in a ${place}`, place, { [resource]: min }, { [resource]: min }),
        differing(`${resource} at the maximum and the ratio in a ${place}`, place, {}, { [resource]: max }),
      ]),
    ),
    resize('resize to the maximum', { limits: { cpu: '100m' } }),
  ],
}

/** Without a minimum, which would refuse it too. */
export const ratioBounds: LimitRoom = {
  name: 'ratio',
  limits: [{ type: 'Container', maxLimitRequestRatio: { cpu: ratio } }],
  beyond: [
    {
      ...differing('cpu request of nothing', 'container', { cpu: '0' }, {}),
      message: 'cpu max limit to request ratio per Container is 2, but no request is specified or request is 0',
    },
  ],
  within: [differing('cpu request at the ratio', 'container', { cpu: '40m' }, { cpu: '80m' })],
}

/** A pod of two containers and a sidecar, or of one large init container. */
const whole = (name: string, requests: ResourceList, limits: ResourceList): LimitWrite =>
  limitedPod(name, {
    containers: [
      limitedContainer('a', { cpu: '10m', memory: '10M' }, { cpu: '20m', memory: '20M' }),
      limitedContainer('b', requests, limits),
    ],
    initContainers: [limitedContainer('side', { cpu: '10m', memory: '10M' }, { cpu: '20m', memory: '20M' }, { restartPolicy: 'Always' })],
  })
const large = (name: string, limits: ResourceList): LimitWrite =>
  limitedPod(name, {
    containers: [limitedContainer('main', { cpu: '30m', memory: '30M' }, { cpu: '30m', memory: '30M' })],
    initContainers: [limitedContainer('first', { cpu: '60m', memory: '60M' }, limits)],
  })

export const podBounds: LimitRoom = {
  name: 'Pod',
  limits: [
    {
      ...{ type: 'Pod', min: { cpu: '30m', memory: '30M' }, max: { cpu: '100m', memory: '100M' } },
      maxLimitRequestRatio: { cpu: '2', memory: '2' },
    },
  ],
  beyond: [
    {
      ...whole('cpu of a pod below the minimum', { cpu: '9m', memory: '10M' }, { cpu: '18m', memory: '20M' }),
      message: 'minimum cpu usage per Pod is 30m, but request is 29m',
    },
    {
      ...whole('memory of a pod below the minimum', { cpu: '10m', memory: '9M' }, { cpu: '20m', memory: '18M' }),
      message: 'minimum memory usage per Pod is 30M, but request is 29M',
    },
    {
      ...whole('cpu of a pod above the maximum', { cpu: '40m', memory: '10M' }, { cpu: '61m', memory: '20M' }),
      message: 'maximum cpu usage per Pod is 100m, but limit is 101m',
    },
    {
      ...whole('memory of a pod above the maximum', { cpu: '10m', memory: '40M' }, { cpu: '20m', memory: '61M' }),
      message: 'maximum memory usage per Pod is 100M, but limit is 101M',
    },
    {
      ...whole('cpu of a pod above the ratio', { cpu: '10m', memory: '10M' }, { cpu: '21m', memory: '20M' }),
      message: 'cpu max limit to request ratio per Pod is 2, but provided ratio is',
    },
    {
      ...large('init container above the maximum of the pod', { cpu: '101m', memory: '100M' }),
      message: 'maximum cpu usage per Pod is 100m, but limit is 101m',
    },
    {
      ...limitedPod('pod that states no memory limit', {
        containers: [limitedContainer('main', { cpu: '30m', memory: '30M' }, { cpu: '30m' })],
      }),
      message: 'maximum memory usage per Pod is 100M.  No limit is specified',
    },
    {
      ...limitedPod('pod that states no cpu request', { containers: [limitedContainer('main', { memory: '30M' }, { memory: '30M' })] }),
      message: 'minimum cpu usage per Pod is 30m.  No request is specified',
    },
  ],
  within: [
    whole('pod at the minimum', { cpu: '10m', memory: '10M' }, { cpu: '20m', memory: '20M' }),
    whole('pod at the maximum', { cpu: '40m', memory: '40M' }, { cpu: '60m', memory: '60M' }),
    large('init container at the maximum of the pod', { cpu: '100m', memory: '100M' }),
  ],
}

export const claim = (name: string, storage: string): LimitWrite => ({
  name,
  path: 'persistentvolumeclaims',
  body: {
    metadata: { name: idOf(name) },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'bulkhead-prove-none', resources: { requests: { storage } } },
  },
})

const touch = (name: string): LimitWrite => ({
  ...{ name: `update of a ${name}`, method: 'PATCH', path: `persistentvolumeclaims/${idOf(name)}`, contentType: mergePatch },
  body: { metadata: { labels: { touched: 'true' } } },
})

export const claimBounds: LimitRoom = {
  name: 'PersistentVolumeClaim',
  limits: [{ type: 'PersistentVolumeClaim', min: { storage: '1Mi' }, max: { storage: '2Mi' } }],
  before: [claim('claim that was too large', '3Mi'), claim('claim that was right', '2Mi')],
  beyond: [
    {
      ...claim('claim below the minimum', '1048575'),
      message: 'minimum storage usage per PersistentVolumeClaim is 1Mi, but request is 1048575',
    },
    {
      ...claim('claim above the maximum', '2097153'),
      message: 'maximum storage usage per PersistentVolumeClaim is 2Mi, but request is 2097153',
    },
    { ...touch('claim that was too large'), message: 'maximum storage usage per PersistentVolumeClaim is 2Mi, but request is 3Mi' },
  ],
  within: [touch('claim that was right'), claim('claim at the minimum', '1Mi'), claim('claim at the maximum', '2Mi')],
}
