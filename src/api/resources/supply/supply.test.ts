import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import type { FieldError } from '../../field-error.ts'
import type { Pod } from '../../types/core-v1.ts'
import type { AdvisorySourceSpec, ExceptionSpec, ImagePolicySpec, ImageStatus, TrustRootSpec } from '../../types/supply-v1.ts'
import { advisoryFormats, advisorySource } from './advisory-source.ts'
import { validateExceptionSpec } from './exception-spec.ts'
import { image, imageName } from './image.ts'
import { validateImagePolicySpec } from './image-policy-spec.ts'
import { podImagesOf } from './pod-images.ts'
import { policySpec, publicKey, trustRootSpec } from './supply.fixture.ts'
import { trustRoot } from './trust-root.ts'

const fields = (errors: readonly FieldError[] | undefined): string[] => (errors ?? []).map(({ field }) => field)
const digest = `sha256:${'a'.repeat(64)}`
const key = { trustRoot: 'shop', name: 'release' }
const keyless = { trustRoot: 'shop', issuer: 'https://issuer.example', subject: 'a@example.com' }

const policies: readonly [name: string, spec: Partial<ImagePolicySpec>, fields: string[]][] = [
  ['takes signers', {}, []],
  ['takes several globs', { images: ['**', 'nginx', 'localhost:5000/*/app', '*.example.com/**'] }, []],
  ['takes an age', { maxAge: '720h' }, []],
  ['takes a severity and due dates', { maxSeverity: 'high', dueDates: { internal: { critical: 0 }, exploited: 3 } }, []],
  ['refuses another severity', { maxSeverity: 'severe' }, ['spec.maxSeverity']],
  [
    'refuses days out of bounds',
    { dueDates: { exposed: { high: -1 }, warning: 9999 } },
    ['spec.dueDates.exposed.high', 'spec.dueDates.warning'],
  ],
  ['takes keyless signers', { verify: { allOf: [{ keyless, attestations: [{ predicateType: 'https://slsa.dev/provenance/v1' }] }] } }, []],
  ['refuses no image', { images: [] }, ['spec.images']],
  ['refuses a tag', { images: ['registry.example.com/shop:1'] }, ['spec.images[0]']],
  ['refuses a digest', { images: [`registry.example.com/shop@${digest}`] }, ['spec.images[0]']],
  ['refuses other characters', { images: ['shop/$(x)'] }, ['spec.images[0]']],
  ['refuses many stars', { images: [`${'*/'.repeat(9)}a`] }, ['spec.images[0]']],
  ['refuses too many globs', { images: Array.from({ length: 101 }, (_, index) => `a${index}`) }, ['spec.images']],
  ['refuses both lists', { verify: { anyOf: [{ key }], allOf: [{ key }] } }, ['spec.verify']],
  ['refuses neither list', { verify: {} }, ['spec.verify']],
  ['refuses an empty list', { verify: { anyOf: [] } }, ['spec.verify.anyOf']],
  ['refuses a signer of two kinds', { verify: { anyOf: [{ key, keyless }] } }, ['spec.verify.anyOf[0]']],
  ['refuses a signer of no kind', { verify: { anyOf: [{}] } }, ['spec.verify.anyOf[0]']],
  ['refuses no subject', { verify: { anyOf: [{ keyless: { ...keyless, subject: '' } }] } }, ['spec.verify.anyOf[0].keyless.subject']],
  ['refuses two subjects', { verify: { anyOf: [{ keyless: { ...keyless, subjectRegExp: '.*' } }] } }, ['spec.verify.anyOf[0].keyless']],
  ['refuses that nothing is required', { verify: { anyOf: [{ key, signature: 'Optional' }] } }, ['spec.verify.anyOf[0].attestations']],
  ['refuses another reaction', { onFailure: 'Ignore' }, ['spec.onFailure']],
  ['refuses another duration', { maxAge: '30d' }, ['spec.maxAge']],
  ['refuses a long duration', { maxAge: '1h'.repeat(100) }, ['spec.maxAge']],
]
for (const [name, spec, expected] of policies)
  test(`validateImagePolicySpec() ${name}`, () => assert.deepEqual(fields(validateImagePolicySpec({ ...policySpec, ...spec })), expected))

const pemOf = (type: 'rsa' | 'ec', options: object): string =>
  (type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 1024, ...options })
    : generateKeyPairSync('ec', { namedCurve: 'secp256k1', ...options })
  ).publicKey
    .export({ type: 'spki', format: 'pem' })
    .toString()

const roots: readonly [name: string, spec: TrustRootSpec, fields: string[]][] = [
  ['takes keys', trustRootSpec, []],
  ['takes a trusted root', { sigstore: { trustedRoot: {}, thresholds: { timestamps: 1 } } }, []],
  ['takes the root of an imported repository', { sigstore: { trustedRoot: {} }, tuf: { root: {} } }, []],
  ['refuses a repository that nobody imported', { tuf: { root: {} } }, ['spec.sigstore']],
  ['takes a repository that the cluster follows', { tuf: { root: {}, url: 'https://tuf.example.com/' } }, []],
  ['refuses a repository over HTTP', { tuf: { root: {}, url: 'http://tuf.example.com/' } }, ['spec.tuf.url']],
  ['refuses a user in the URL', { tuf: { root: {}, url: 'https://user:secret@tuf.example.com/' } }, ['spec.tuf.url']],
  ['refuses a version below 0', { ...trustRootSpec, version: -1 }, ['spec.version']],
  ['refuses nothing', {}, ['spec']],
  ['refuses a text that is no key', { keys: [{ name: 'a', publicKey: 'x' }] }, ['spec.keys[0].publicKey']],
  ['refuses a short RSA key', { keys: [{ name: 'a', publicKey: pemOf('rsa', {}) }] }, ['spec.keys[0].publicKey']],
  ['refuses another curve', { keys: [{ name: 'a', publicKey: pemOf('ec', {}) }] }, ['spec.keys[0].publicKey']],
  [
    'refuses a name twice',
    {
      keys: [
        { name: 'a', publicKey },
        { name: 'a', publicKey },
      ],
    },
    ['spec.keys[1].name'],
  ],
  [
    'refuses a threshold below 0',
    { sigstore: { trustedRoot: {}, thresholds: { timestamps: -1 } } },
    ['spec.sigstore.thresholds.timestamps'],
  ],
  ['refuses a trusted root that is no object', { sigstore: { trustedRoot: [] } }, ['spec.sigstore.trustedRoot']],
  ['refuses an empty revocation', { ...trustRootSpec, revoked: [{ reason: 'x' }] }, ['spec.revoked[0]']],
  ['refuses the revocation of an unknown key', { ...trustRootSpec, revoked: [{ key: 'b' }] }, ['spec.revoked[0].key']],
  [
    'refuses an end before the beginning',
    { ...trustRootSpec, notBefore: '2027-01-01T00:00:00Z', notAfter: '2026-01-01T00:00:00Z' },
    ['spec.notAfter'],
  ],
]
for (const [name, spec, expected] of roots)
  test(`trustRoot ${name}`, () => assert.deepEqual(fields(trustRoot.validate?.({ metadata: { name: 'a' }, spec })), expected))

const found = (status: ImageStatus, name = imageName(digest), of = digest) =>
  fields(image.validate?.({ metadata: { name }, spec: { digest: of }, status }))
const verdict = { namespace: 'a', verdict: 'Verified', time: '2026-01-01T00:00:00Z' }

test('trustRoot is validated as a whole when it is updated, too', () => {
  const old = { metadata: { name: 'a' }, spec: trustRootSpec }
  const spec = { ...trustRootSpec, tuf: { root: {}, url: 'http://tuf.example.com/' } }
  assert.deepEqual(fields((trustRoot.validateUpdate?.({ ...old, spec }, old) ?? []).flat()), ['spec.tuf.url'])
})

test('image requires a digest and its name, and limits its lists', () => {
  assert.deepEqual(found({ verdicts: [verdict] }), [])
  assert.deepEqual(found({}, 'other'), ['metadata.name'])
  assert.deepEqual(found({}, 'a', 'sha256:x'), ['spec.digest'])
  assert.deepEqual(found({ verdicts: [{ ...verdict, verdict: 'Good' }] }), ['status.verdicts[0].verdict'])
  assert.deepEqual(found({ references: Array.from({ length: 21 }, () => 'a') }), ['status.references'])
})

test('image shows the worst verdict', () => {
  const cell = image.columns.find(({ name }) => name === 'Verdict')?.cell
  const shown = (...verdicts: string[]) =>
    cell?.({ metadata: {}, spec: { digest }, status: { verdicts: verdicts.map(one => ({ ...verdict, verdict: one })) } }, 0)
  assert.deepEqual(
    [shown('Verified', 'Refused'), shown('Verified', 'Unverified'), shown('Verified'), shown()],
    ['Refused', 'Unverified', 'Verified', 'Unverified'],
  )
})

test('image shows how many findings of each severity it has, and that it was not read', () => {
  const cell = image.columns.find(({ name }) => name === 'Findings')?.cell
  const shown = (status: ImageStatus) => cell?.({ metadata: {}, spec: { digest }, status }, 0)
  const time = '2026-01-01T00:00:00Z'
  const findings = { critical: 1, high: 0, medium: 0, low: 2, unknown: 0, fixable: 1, time }
  assert.deepEqual(
    [
      shown({}),
      shown({ sbom: { source: 'None', packages: 0, time } }),
      shown({ findings }),
      shown({ findings: { ...findings, critical: 0, low: 0 } }),
    ],
    ['pending', 'unknown', '1 critical, 2 low', 'none'],
  )
})

test('an exception requires advisories, images, an owner, a reason and an end', () => {
  const validate = (spec: object) => fields(validateExceptionSpec(spec as ExceptionSpec))
  const good = {
    owner: 'ann',
    reason: 'not reachable',
    expires: '2027-01-01T00:00:00Z',
    advisories: ['CVE-2026-1'],
    images: [digest, 'shop/**'],
  }
  assert.deepEqual(validate(good), [])
  assert.deepEqual(validate({}), ['spec.advisories', 'spec.images', 'spec.owner', 'spec.reason', 'spec.expires'])
  assert.deepEqual(validate({ ...good, images: ['shop:1'] }), ['spec.images[0]'])
})

test('advisorySource requires a known format, and a key for what is fetched', () => {
  const validate = (spec: AdvisorySourceSpec, name = 'osv') => fields(advisorySource.validate?.({ metadata: { name }, spec }))
  const url = 'https://mirror.example.com/osv.zip'
  assert.deepEqual(validate({ format: 'osv', url, publicKey, interval: '1h', maxSilence: '36h' }), [])
  assert.deepEqual(validate({ format: 'osv' }), [])
  assert.deepEqual(validate({ format: 'osv', url }), ['spec.publicKey'])
  assert.deepEqual(validate({ format: 'other', url: 'http://mirror.example.com', publicKey, interval: '1s' }), [
    'spec.format',
    'spec.url',
    'spec.interval',
  ])
  assert.deepEqual(validate({ format: 'osv', url: 'https://a:b@mirror.example.com', publicKey }), ['spec.url'])
  assert.deepEqual(validate({ format: 'osv', interval: '1h' }), ['spec.url'])
  assert.deepEqual(validate({ format: 'osv' }, 'a.b'), ['metadata.name'])
})

test('advisorySource takes the formats that can be imported', () =>
  assert.deepEqual(advisoryFormats.toSorted(), ['alpine', 'debian', 'epss', 'kev', 'osv', 'redhat', 'ubuntu', 'vex']))

test('podImagesOf() returns the images of a pod, and nothing of its settings', () => {
  const pod: Pod = {
    metadata: { name: 'a', namespace: 'n', labels: { secret: 'canary' } },
    spec: {
      nodeName: 'n1',
      initContainers: [{ name: 'first', image: 'a:1', env: [{ name: 'E', value: 'canary' }] }],
      containers: [{ name: 'main', image: `b:1@${digest}`, command: ['canary'] }],
    },
    status: {
      phase: 'Running',
      initContainerStatuses: [{ name: 'first', image: 'a:1', imageID: `docker.io/library/a@${digest}`, ready: true, restartCount: 0 }],
    },
  }
  const seen = podImagesOf(pod)
  assert.deepEqual(seen.spec, {
    nodeName: 'n1',
    phase: 'Running',
    images: [
      { container: 'first', image: 'a:1', digest },
      { container: 'main', image: `b:1@${digest}`, digest },
    ],
  })
  assert.doesNotMatch(JSON.stringify(seen), /canary/)
})
