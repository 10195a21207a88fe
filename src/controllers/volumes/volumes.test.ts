import assert from 'node:assert/strict'
import { test } from 'node:test'
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
  Pod,
} from '../../api/types/core-v1.ts'
import type { StorageClass } from '../../api/types/storage-v1.ts'
import { events, persistentVolumeClaims, persistentVolumes, pods, storageClasses } from '../../client/resources.ts'
import { startScenario } from '../scenario.testing.ts'
import { type ClaimStep, planClaim } from './claim-binding-plan.ts'
import { ephemeralVolume } from './ephemeral-volume.ts'
import { persistentVolume } from './persistent-volume.ts'
import { persistentVolumeClaim } from './persistent-volume-claim.ts'
import { planVolume } from './volume-phase-plan.ts'

type Annotations = Record<string, string>
const volumeOf = (
  name: string,
  spec: Partial<PersistentVolumeSpec> = {},
  phase = 'Available',
  annotations: Annotations = {},
): PersistentVolume => ({
  metadata: { name, annotations },
  spec: { capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'slow', ...spec },
  status: { phase },
})
const claimOf = (spec: Partial<PersistentVolumeClaimSpec> = {}, annotations: Annotations = {}, name = 'c'): PersistentVolumeClaim => ({
  metadata: { name, namespace: 'ns', uid: `uid-${name}`, annotations },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'slow', resources: { requests: { storage: '1Gi' } }, ...spec },
})
const classOf = (name: string, provisioner: string, more: Partial<StorageClass> = {}): StorageClass => ({
  metadata: { name },
  provisioner,
  ...more,
})
const reference = (uid?: string) => ({ claimRef: { namespace: 'ns', name: 'c', ...(uid === undefined ? {} : { uid }) } })
const bound = { 'pv.kubernetes.io/bind-completed': 'yes' }
const isDefault = { metadata: { name: 'std', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } }
const waiting = classOf('slow', 'kubernetes.io/no-provisioner', { volumeBindingMode: 'WaitForFirstConsumer' })

const text = (step: ClaimStep): string => {
  const event = 'event' in step && step.event !== undefined ? ` ${step.event.type} ${step.event.reason}` : ''
  return `${step.step}${step.step === 'bind' ? ` ${step.volume.metadata.name}` : ''}${step.step === 'take-class' ? ` ${step.className}` : ''}${event}`
}
const claims: { name: string; claim: PersistentVolumeClaim; volumes?: PersistentVolume[]; classes?: StorageClass[]; want: string }[] = [
  { name: 'that a volume serves', claim: claimOf(), volumes: [volumeOf('v')], want: 'bind v' },
  { name: 'of a missing class', claim: claimOf(), want: 'wait Warning ProvisioningFailed' },
  { name: 'without a class and volume', claim: claimOf({ storageClassName: '' }), want: 'wait Normal FailedBinding' },
  {
    name: 'whose class makes volumes',
    claim: claimOf(),
    classes: [classOf('slow', 'csi.example.com')],
    want: 'provision Normal ExternalProvisioning',
  },
  {
    name: 'whose class makes none',
    claim: claimOf(),
    classes: [classOf('slow', 'kubernetes.io/no-provisioner')],
    want: 'wait Warning ProvisioningFailed',
  },
  {
    name: 'that waits for its consumer',
    claim: claimOf(),
    volumes: [volumeOf('v')],
    classes: [waiting],
    want: 'wait Normal WaitForFirstConsumer',
  },
  {
    name: 'whose consumer has a node',
    claim: claimOf({}, { 'volume.kubernetes.io/selected-node': 'n' }),
    volumes: [volumeOf('v')],
    classes: [waiting],
    want: 'bind v',
  },
  {
    name: 'that names no class where there is a default one',
    claim: claimOf({ storageClassName: undefined }),
    classes: [{ ...classOf('std', 'x'), ...isDefault }],
    want: 'take-class std',
  },
  {
    name: 'that wants no class where there is a default one',
    claim: claimOf({ storageClassName: '' }),
    classes: [{ ...classOf('std', 'x'), ...isDefault }],
    want: 'wait Normal FailedBinding',
  },
  { name: 'that names its volume', claim: claimOf({ volumeName: 'v' }), volumes: [volumeOf('v')], want: 'bind v' },
  { name: 'whose volume is still to come', claim: claimOf({ volumeName: 'v' }), want: 'wait Warning FailedBinding' },
  {
    name: 'whose volume is too small',
    claim: claimOf({ volumeName: 'v' }),
    volumes: [volumeOf('v', { capacity: { storage: '1Mi' } })],
    want: 'wait Warning VolumeMismatch',
  },
  {
    name: 'whose volume is another’s (CVE-2019-11255)',
    claim: claimOf({ volumeName: 'v' }),
    volumes: [volumeOf('v', { claimRef: { namespace: 'ns', name: 'x' } })],
    want: 'wait Warning FailedBinding',
  },
  { name: 'whose volume is its own', claim: claimOf({ volumeName: 'v' }), volumes: [volumeOf('v', reference())], want: 'bind v' },
  {
    name: 'that is bound',
    claim: claimOf({ volumeName: 'v' }, bound),
    volumes: [volumeOf('v', reference('uid-c'), 'Bound')],
    want: 'bind v',
  },
  { name: 'whose volume is gone', claim: claimOf({ volumeName: 'v' }, bound), want: 'lose Warning ClaimLost' },
  { name: 'that lost the name of its volume', claim: claimOf({}, bound), want: 'lose Warning ClaimLost' },
  {
    name: 'whose volume went to another',
    claim: claimOf({ volumeName: 'v' }, bound),
    volumes: [volumeOf('v', reference('other'), 'Bound')],
    want: 'lose Warning ClaimMisbound',
  },
]
for (const { name, claim, volumes = [], classes = [], want } of claims) {
  test(`planClaim() of one ${name}`, () => assert.equal(text(planClaim({ claim, volumes, classes })), want))
}

const remote = {
  resturl: 'http://127.0.0.1:1/',
  quobyteAPIServer: 'http://127.0.0.1:1',
  gateway: 'https://127.0.0.1:1/api',
  restuserkey: 'hunter2',
}
for (const name of [
  'glusterfs',
  'quobyte',
  'storageos',
  'scaleio',
  'portworx-volume',
  'rbd',
  'cinder',
  'aws-ebs',
  'azure-file',
  'vsphere-volume',
]) {
  test(`CVE-2020-8555 and CVE-2025-13281: planClaim() contacts nothing for a class whose volumes kubernetes.io/${name} would create`, () => {
    const provisioner = `kubernetes.io/${name}`
    const classes = [classOf('slow', provisioner, { parameters: remote })]
    const message = `no volume plugin matched name: ${provisioner}`
    const event = { type: 'Warning', reason: 'ProvisioningFailed', message }
    assert.deepEqual(planClaim({ claim: claimOf(), volumes: [], classes }), { step: 'wait', event })
  })
}

const madeBy = { 'pv.kubernetes.io/provisioned-by': 'csi.example.com' }
const ours = { 'pv.kubernetes.io/bound-by-controller': 'yes' }
const owned = reference('uid-c')
const volumes: { name: string; volume: PersistentVolume; claim?: PersistentVolumeClaim; want: string }[] = [
  { name: 'without a claim', volume: volumeOf('v', {}, 'Pending'), want: 'phase Available' },
  { name: 'that is available', volume: volumeOf('v'), want: 'nothing' },
  { name: 'that was written down for a claim', volume: volumeOf('v', reference(), 'Pending'), want: 'phase Available' },
  { name: 'of a claim that names it', volume: volumeOf('v', owned), claim: claimOf({ volumeName: 'v' }), want: 'phase Bound' },
  { name: 'of a claim that names none yet', volume: volumeOf('v', owned), claim: claimOf(), want: 'nothing' },
  { name: 'whose claim is gone', volume: volumeOf('v', owned, 'Bound'), want: 'phase Released' },
  {
    name: 'whose claim was replaced',
    volume: volumeOf('v', reference('old'), 'Bound'),
    claim: claimOf({ volumeName: 'v' }),
    want: 'phase Released',
  },
  {
    name: 'that is released and kept',
    volume: volumeOf('v', { ...owned, persistentVolumeReclaimPolicy: 'Retain' }, 'Released'),
    want: 'nothing',
  },
  {
    name: 'that is released and nobody deletes',
    volume: volumeOf('v', { ...owned, persistentVolumeReclaimPolicy: 'Delete' }, 'Released'),
    want: 'phase Failed VolumeFailedDelete',
  },
  {
    name: 'that is released and its provisioner deletes',
    volume: volumeOf('v', { ...owned, persistentVolumeReclaimPolicy: 'Delete' }, 'Released', madeBy),
    want: 'nothing',
  },
  {
    name: 'whose handle leads out of its share, and which no provisioner made (CVE-2026-3864 and CVE-2026-3865)',
    volume: volumeOf(
      'v',
      { ...owned, persistentVolumeReclaimPolicy: 'Delete', csi: { driver: 'nfs.csi.k8s.io', volumeHandle: 'server#share#../../other#' } },
      'Released',
    ),
    want: 'phase Failed VolumeFailedDelete',
  },
  {
    name: 'that is released and nobody recycles',
    volume: volumeOf('v', { ...owned, persistentVolumeReclaimPolicy: 'Recycle' }, 'Released'),
    want: 'phase Failed VolumeFailedRecycle',
  },
  {
    name: 'whose claim got another one',
    volume: volumeOf('v', owned, 'Available', ours),
    claim: claimOf({ volumeName: 'w' }),
    want: 'unbind undefined',
  },
  {
    name: 'that was written down for a claim that got another one',
    volume: volumeOf('v', owned),
    claim: claimOf({ volumeName: 'w' }),
    want: 'unbind {"namespace":"ns","name":"c"}',
  },
]
for (const { name, volume, claim, want } of volumes) {
  test(`planVolume() of one ${name}`, () => {
    const step = planVolume(volume, claim)
    const more = step.step === 'phase' ? ` ${step.status.phase}${step.event === undefined ? '' : ` ${step.event.reason}`}` : ''
    assert.equal(step.step === 'unbind' ? `unbind ${JSON.stringify(step.volume.spec.claimRef)}` : `${step.step}${more}`, want)
  })
}

test('claims bind to volumes, one each, and release them', async () => {
  await using scenario = startScenario({
    controllers: [persistentVolumeClaim, persistentVolume],
    prepare: api => {
      api.seed(persistentVolumes, { ...volumeOf('v'), status: {} })
      for (const name of ['c', 'd']) api.seed(persistentVolumeClaims, claimOf({}, {}, name))
    },
  })
  const { api } = scenario
  const claim = (name: string) => api.read(persistentVolumeClaims, 'ns', name)
  const volume = () => api.read(persistentVolumes, '', 'v')
  await scenario.until(() => ['c', 'd'].some(name => claim(name)?.status?.phase === 'Bound'), 'one is bound')
  const [winner = '', loser = ''] = claim('c')?.status?.phase === 'Bound' ? ['c', 'd'] : ['d', 'c']
  assert.equal(claim(winner)?.spec.volumeName, 'v')
  assert.deepEqual(claim(winner)?.status?.capacity, { storage: '2Gi' })
  assert.equal(volume()?.spec.claimRef?.uid, claim(winner)?.metadata.uid)
  await scenario.until(() => volume()?.status?.phase === 'Bound', 'the volume says so')
  await scenario.until(() => claim(loser)?.status?.phase === 'Pending', 'the other waits')
  await scenario.until(() => api.all(events).some(({ reason }) => reason === 'ProvisioningFailed'), 'and says why')
  api.seed(storageClasses, classOf('slow', 'csi.example.com'))
  const provisioner = () => claim(loser)?.metadata.annotations?.['volume.kubernetes.io/storage-provisioner']
  await scenario.until(() => provisioner() === 'csi.example.com', 'its provisioner is asked')
  api.remove(persistentVolumeClaims, 'ns', winner)
  await scenario.until(() => volume()?.status?.phase === 'Released', 'released')
})

test('as many claims are bound as there are volumes, when all are created at once', async () => {
  const names = Array.from({ length: 20 }, (_, i) => `c${i}`)
  await using scenario = startScenario({
    controllers: [persistentVolumeClaim, persistentVolume],
    prepare: api => {
      for (const name of names) api.seed(persistentVolumeClaims, claimOf({}, {}, name))
    },
  })
  const { api } = scenario
  const phases = () => api.all(persistentVolumeClaims).map(({ status }) => status?.phase)
  await scenario.until(() => phases().every(phase => phase === 'Pending'), 'all wait')
  for (const name of names.slice(0, 15)) api.seed(persistentVolumes, { ...volumeOf(name), status: {} })
  await scenario.until(() => phases().filter(phase => phase === 'Bound').length === 15, 'fifteen are bound')
  const used = api.all(persistentVolumeClaims).flatMap(({ spec }) => spec.volumeName ?? [])
  assert.equal(new Set(used).size, 15)
})

test("ephemeral volumes have claims that their pod owns, and never another owner's", async () => {
  const volumeClaimTemplate = { metadata: { labels: { app: 'a' } }, spec: { accessModes: ['ReadWriteOnce'] } }
  const podWith = (name: string): Pod => ({
    metadata: { name, namespace: 'ns', uid: `uid-${name}` },
    spec: { containers: [], volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate } }] },
  })
  await using scenario = startScenario({
    controllers: [ephemeralVolume],
    prepare: api => {
      api.seed(persistentVolumeClaims, claimOf({}, {}, 'b-v'))
      for (const name of ['b', 'a']) api.seed(pods, podWith(name))
    },
  })
  const claim = (name: string) => scenario.api.read(persistentVolumeClaims, 'ns', name)
  await scenario.until(() => claim('a-v') !== undefined, 'the claim')
  assert.deepEqual(claim('a-v')?.metadata.labels, { app: 'a' })
  assert.deepEqual(
    claim('a-v')?.metadata.ownerReferences?.map(({ kind, uid, controller }) => [kind, uid, controller]),
    [['Pod', 'uid-a', true]],
  )
  assert.equal(claim('b-v')?.metadata.ownerReferences, undefined)
})
