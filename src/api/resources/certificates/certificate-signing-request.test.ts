import assert from 'node:assert/strict'
import { test } from 'node:test'
import type {
  CertificateSigningRequest,
  CertificateSigningRequestSpec,
  CertificateSigningRequestStatus,
} from '../../types/certificates-v1.ts'
import { fixtureTime, row, validateNew, validateSubresource, validateUpdate } from '../core/new-object.fixture.ts'
import { certificateSigningRequest } from './certificate-signing-request.ts'
import { ecCertificate, ecRequest, pemOf } from './pem.fixture.ts'

const newRequest = (spec: Partial<CertificateSigningRequestSpec> = {}): CertificateSigningRequest => ({
  metadata: { name: 'n1' },
  spec: {
    request: pemOf('CERTIFICATE REQUEST', ecRequest),
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: ['client auth'],
    ...spec,
  },
})

test('certificateSigningRequest gets the requester from the server, never from the object', () => {
  const object = newRequest({ username: 'system:admin', uid: 'x', groups: ['system:masters'], extra: { a: ['b'] } })
  certificateSigningRequest.prepareForCreate?.(object, { now: 0, userName: 'eve', userGroups: ['system:authenticated'] })
  const { username, uid, groups, extra } = object.spec
  assert.deepEqual(
    { username, uid, groups, extra },
    { username: 'eve', uid: undefined, groups: ['system:authenticated'], extra: undefined },
  )
})

const refusals: { name: string; spec: Partial<CertificateSigningRequestSpec>; fields: string[] }[] = [
  { name: 'what is no request', spec: { request: Buffer.from('x').toString('base64') }, fields: ['spec.request'] },
  { name: 'a certificate as the request', spec: { request: pemOf('CERTIFICATE', ecCertificate) }, fields: ['spec.request'] },
  { name: 'no usages', spec: { usages: [] }, fields: ['spec.usages'] },
  { name: 'unknown and repeated usages', spec: { usages: ['fly', 'any', 'any'] }, fields: ['spec.usages[0]', 'spec.usages[2]'] },
  { name: 'no signer', spec: { signerName: '' }, fields: ['spec.signerName'] },
  { name: 'a signer without a path', spec: { signerName: 'signer' }, fields: ['spec.signerName'] },
  { name: 'the signer of old', spec: { signerName: 'kubernetes.io/legacy-unknown' }, fields: ['spec.signerName'] },
  { name: 'a signer of one label', spec: { signerName: 'signer/a' }, fields: ['spec.signerName'] },
  { name: 'a lifetime below ten minutes', spec: { expirationSeconds: 599 }, fields: ['spec.expirationSeconds'] },
]
for (const { name, spec, fields } of refusals) {
  test(`certificateSigningRequest rejects ${name}`, () => {
    assert.deepEqual(validateNew(certificateSigningRequest, newRequest(spec)).fields, fields)
  })
}

test('certificateSigningRequest changes neither its spec nor its status on the main path', () => {
  const old = validateNew(certificateSigningRequest, newRequest()).object
  const { object } = validateUpdate(certificateSigningRequest, old, next => {
    next.spec.usages = ['any']
    next.status = { certificate: 'x' }
  })
  assert.deepEqual([object.spec.usages, object.status], [['client auth'], {}])
})

test('certificateSigningRequest/approval changes only conditions', () => {
  const old = validateNew(certificateSigningRequest, newRequest()).object
  const { object, errors } = validateSubresource(certificateSigningRequest, 'approval', old, next => {
    next.spec.signerName = 'a.io/b'
    next.status = { certificate: 'forged', conditions: [{ type: 'Approved', status: 'True' }] }
  })
  assert.deepEqual(errors, [])
  assert.equal(object.spec.signerName, 'kubernetes.io/kube-apiserver-client-kubelet')
  assert.equal(object.status?.certificate, undefined)
  assert.equal(object.status?.conditions?.[0]?.lastUpdateTime, '2026-01-01T00:00:00Z')
})

const certificate = pemOf('CERTIFICATE', ecCertificate)
const approved = { type: 'Approved', status: 'True', reason: 'Because' }
const changes: {
  name: string
  path: 'status' | 'approval'
  old?: CertificateSigningRequestStatus
  next: CertificateSigningRequestStatus
  errors: string[]
}[] = [
  {
    name: 'an approval through /status',
    path: 'status',
    next: { conditions: [approved] },
    errors: ['status.conditions: Forbidden: updates may not add a condition of type "Approved"'],
  },
  {
    name: 'an approval taken back',
    path: 'approval',
    old: { conditions: [approved] },
    next: {},
    errors: ['status.conditions: Forbidden: updates may not remove a condition of type "Approved"'],
  },
  {
    name: 'a failure taken back',
    path: 'status',
    old: { conditions: [{ type: 'Failed', status: 'True' }] },
    next: {},
    errors: ['status.conditions: Forbidden: updates may not remove a condition of type "Failed"'],
  },
  {
    name: 'a false approval',
    path: 'approval',
    next: { conditions: [{ type: 'Approved', status: 'False' }] },
    errors: ['status.conditions[0].status: Unsupported value: "False": supported values: "True"'],
  },
  {
    name: 'a condition without status',
    path: 'status',
    next: { conditions: [{ type: 'Odd', status: '' }] },
    errors: ['status.conditions[0].status: Required value'],
  },
  { name: 'a certificate', path: 'status', next: { certificate }, errors: [] },
  {
    name: 'a request as the certificate',
    path: 'status',
    next: { certificate: pemOf('CERTIFICATE REQUEST', ecRequest) },
    errors: [
      'status.certificate: Invalid value: "<certificate data>": only CERTIFICATE PEM blocks are allowed, found "CERTIFICATE REQUEST"',
    ],
  },
  {
    name: 'text as the certificate',
    path: 'status',
    next: { certificate: Buffer.from('x').toString('base64') },
    errors: ['status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block'],
  },
  {
    name: 'a second certificate',
    path: 'status',
    old: { certificate },
    next: { certificate: pemOf('CERTIFICATE', `${ecCertificate}\n`) },
    errors: ['status.certificate: Forbidden: updates may not modify existing certificate content'],
  },
]
for (const { name, path, old, next, errors } of changes) {
  test(`certificateSigningRequest/${path} validates ${name}`, () => {
    const before = { ...validateNew(certificateSigningRequest, newRequest()).object, status: old ?? {} }
    const validated = validateSubresource(certificateSigningRequest, path, before, object => {
      object.status = next
    })
    assert.deepEqual(validated.errors, errors)
  })
}

test('certificateSigningRequest/status keeps the approval', () => {
  const old = { ...validateNew(certificateSigningRequest, newRequest()).object, status: { conditions: [approved] } }
  const { object, errors } = validateSubresource(certificateSigningRequest, 'status', old, next => {
    next.status = { conditions: [{ ...approved, reason: 'Forged' }] }
  })
  assert.deepEqual(errors, [])
  assert.equal(object.status?.conditions?.[0]?.reason, 'Because')
})

test('certificateSigningRequest rejects approval together with denial', () => {
  const old = validateNew(certificateSigningRequest, newRequest()).object
  const { fields } = validateSubresource(certificateSigningRequest, 'approval', old, next => {
    next.status = {
      conditions: [
        { type: 'Approved', status: 'True' },
        { type: 'Denied', status: 'True' },
      ],
    }
  })
  assert.deepEqual(fields, ['status.conditions[1].type'])
})

test('certificateSigningRequest prints its condition', () => {
  const object = newRequest({ username: 'eve', expirationSeconds: 3600 })
  assert.equal(row(certificateSigningRequest, object, fixtureTime)['Condition'], 'Pending')
  object.status = { conditions: [{ type: 'Approved', status: 'True' }], certificate: 'x' }
  const cells = row(certificateSigningRequest, object, fixtureTime)
  assert.deepEqual([cells['Requestor'], cells['RequestedDuration'], cells['Condition']], ['eve', '60m', 'Approved,Issued'])
})
