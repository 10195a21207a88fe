import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppArmorProfile, Container, Pod, PodSecurityContext } from '../../api/types/core-v1.ts'
import type { Image, SecurityProfile } from '../cri/messages.ts'
import { containerOf, podOf } from '../pod/fixture.ts'
import { ContainerConfigError } from './environment.ts'
import { appArmorProfile, containerSecurity, seccompProfile, verifyNonRoot } from './security-context.ts'

const image = (user: string): Image => ({
  id: 'sha256:1',
  repoTags: [],
  repoDigests: [],
  size: '1',
  uid: /^\d+$/.test(user) ? { value: user } : null,
  username: /^\d*$/.test(user) ? '' : user,
  pinned: false,
})
const must: Partial<Container> = { securityContext: { runAsNonRoot: true } }

const rows: [string, Pod, Partial<Container>, string, RegExp | undefined][] = [
  ['nothing asked, root image', podOf(), {}, '', undefined],
  ['numeric user', podOf(), must, '1000', undefined],
  ['image without a user', podOf(), must, '', /image will run as root/],
  ['user 0', podOf(), must, '0', /image will run as root/],
  ['user 00', podOf(), must, '00', /image will run as root/],
  ['a group after the user', podOf(), must, '0:0', /image will run as root/],
  ['a signed zero', podOf(), must, '-0', /image will run as root/],
  ['a name', podOf(), must, 'app', /image has non-numeric user \(app\), cannot verify user is non-root/],
  ['a name that maps to 0', podOf(), must, 'root', /image has non-numeric user \(root\)/],
  ['beyond 32 bits', podOf(), must, '4294967296', /outside of 0 to 2147483647/],
  ['beyond 32 bits although root is allowed', podOf(), {}, '4294967296', /outside of 0 to 2147483647/],
  ['a negative user', podOf(), {}, '-1', /outside of 0 to 2147483647/],
  ['runAsUser 0', podOf(), { securityContext: { runAsNonRoot: true, runAsUser: 0 } }, '1000', /runAsUser breaks non-root policy/],
  ['runAsUser overrides the image', podOf(), { securityContext: { runAsNonRoot: true, runAsUser: 7 } }, '', undefined],
  ['asked by the pod', podOf({ securityContext: { runAsNonRoot: true } }), {}, '', /image will run as root/],
  [
    'the container lifts what the pod asks',
    podOf({ securityContext: { runAsNonRoot: true } }),
    { securityContext: { runAsNonRoot: false } },
    '',
    undefined,
  ],
]

for (const [name, pod, container, user, want] of rows) {
  test(`CVE-2019-11245: verifyNonRoot(): ${name}`, () => {
    const verify = () => verifyNonRoot(pod, containerOf('c', container), image(user))
    if (want) assert.throws(verify, (err: unknown) => err instanceof ContainerConfigError && want.test(err.message))
    else verify()
  })
}

test('seccompProfile(): RuntimeDefault if unset; Localhost stays below the folder', () => {
  assert.deepEqual(seccompProfile(undefined, undefined, false, '/s'), { profileType: 'RuntimeDefault' })
  assert.deepEqual(seccompProfile(undefined, { type: 'Unconfined' }, false, '/s'), { profileType: 'Unconfined' })
  const localhost = (localhostProfile: string) => () => seccompProfile({ type: 'Localhost', localhostProfile }, undefined, false, '/s')
  assert.deepEqual(localhost('a/b.json')(), { profileType: 'Localhost', localhostRef: '/s/a/b.json' })
  for (const bad of ['', '/etc/passwd', '../x', 'a/../../x']) assert.throws(localhost(bad), ContainerConfigError, bad)
})

test('containerSecurity(): capabilities, no_new_privs, groups and masked paths', () => {
  const pod = podOf({ securityContext: { fsGroup: 5, supplementalGroups: [7] } })
  const container = containerOf('c', {
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'], add: ['CHOWN'] } },
  })
  const security = containerSecurity(pod, container, image('9'), '/s')
  assert.deepEqual(security.capabilities, { addCapabilities: ['CHOWN'], dropCapabilities: ['ALL'] })
  assert.equal(security.noNewPrivs, true)
  assert.deepEqual(security.supplementalGroups, [7, 5])
  assert.deepEqual(security.runAsUser, { value: 9 })
  assert.ok(security.maskedPaths.includes('/proc/kcore'))
  assert.ok(security.readonlyPaths.includes('/proc/sys'))
  assert.deepEqual(
    containerSecurity(podOf(), containerOf('c', { securityContext: { privileged: true } }), image('0'), '/s').maskedPaths,
    [],
  )
})

test('containerSecurity() passes supplementalGroupsPolicy on; the default is Merge', () => {
  const policy = (securityContext: PodSecurityContext) =>
    containerSecurity(podOf({ securityContext }), containerOf('c'), image('7'), '/s').supplementalGroupsPolicy
  assert.equal(policy({}), 'Merge')
  assert.equal(policy({ supplementalGroupsPolicy: 'Merge' }), 'Merge')
  assert.equal(policy({ supplementalGroupsPolicy: 'Strict' }), 'Strict')
})

const ofContainer = (appArmorProfile: AppArmorProfile) => containerOf('c', { securityContext: { appArmorProfile } })
const ofPod = (appArmorProfile: AppArmorProfile) => podOf({ securityContext: { appArmorProfile } })
const annotated = (value: string, pod = podOf()) => ({
  ...pod,
  metadata: { ...pod.metadata, annotations: { 'container.apparmor.security.beta.kubernetes.io/c': value } },
})
const local: AppArmorProfile = { type: 'Localhost', localhostProfile: 'p' }
const profiles: { name: string; pod: Pod; container?: Container; want: SecurityProfile | undefined }[] = [
  { name: 'nothing said', pod: podOf(), want: undefined },
  {
    name: 'Localhost of the container',
    pod: podOf(),
    container: ofContainer(local),
    want: { profileType: 'Localhost', localhostRef: 'p' },
  },
  { name: 'Localhost of the pod', pod: ofPod(local), want: { profileType: 'Localhost', localhostRef: 'p' } },
  { name: 'RuntimeDefault', pod: ofPod({ type: 'RuntimeDefault' }), want: { profileType: 'RuntimeDefault' } },
  {
    name: 'Unconfined of the container before the pod',
    pod: ofPod(local),
    container: ofContainer({ type: 'Unconfined' }),
    want: { profileType: 'Unconfined' },
  },
  {
    name: 'an annotation before the pod',
    pod: annotated('localhost/q', ofPod(local)),
    want: { profileType: 'Localhost', localhostRef: 'q' },
  },
  { name: 'an annotation runtime/default', pod: annotated('runtime/default'), want: { profileType: 'RuntimeDefault' } },
  { name: 'an annotation unconfined', pod: annotated('unconfined'), want: { profileType: 'Unconfined' } },
  {
    name: 'the container before the annotation',
    pod: annotated('unconfined'),
    container: ofContainer(local),
    want: { profileType: 'Localhost', localhostRef: 'p' },
  },
]
for (const { name, pod, container = containerOf('c'), want } of profiles) {
  test(`containerSecurity() gives the runtime the AppArmor profile: ${name}`, () => {
    assert.deepEqual(containerSecurity(pod, container, image('7'), '/s').apparmor, want)
  })
}

test('appArmorProfile() rejects a value that names no profile', () => {
  for (const pod of [annotated('of my own'), ofPod({ type: 'Localhost' }), ofPod({ type: 'Localhost', localhostProfile: ' ' })])
    assert.throws(() => appArmorProfile(pod, containerOf('c')), ContainerConfigError)
})
