import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CertificateSigningRequest, CertificateSigningRequestSpec } from '../../types/certificates-v1.ts'
import { fixtureTime, judgeNew, judgeSubresource, judgeUpdate, row } from '../core/new-object.fixture.ts'
import { certificateSigningRequest } from './certificate-signing-request.ts'

const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from([0x30, 0x00]).toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
const newRequest = (spec: Partial<CertificateSigningRequestSpec> = {}): CertificateSigningRequest => ({
  metadata: { name: 'n1' },
  spec: {
    request: Buffer.from(pem).toString('base64'),
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: ['client auth'],
    ...spec,
  },
})

test('certificateSigningRequest takes the requester from the server, never from the object', () => {
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
  { name: 'no usages', spec: { usages: [] }, fields: ['spec.usages'] },
  { name: 'unknown and repeated usages', spec: { usages: ['fly', 'any', 'any'] }, fields: ['spec.usages[0]', 'spec.usages[2]'] },
  { name: 'no signer', spec: { signerName: '' }, fields: ['spec.signerName'] },
  { name: 'a signer without a path', spec: { signerName: 'signer' }, fields: ['spec.signerName'] },
  { name: 'a lifetime below ten minutes', spec: { expirationSeconds: 599 }, fields: ['spec.expirationSeconds'] },
]
for (const { name, spec, fields } of refusals) {
  test(`certificateSigningRequest refuses ${name}`, () => {
    assert.deepEqual(judgeNew(certificateSigningRequest, newRequest(spec)).fields, fields)
  })
}

test('certificateSigningRequest changes neither its spec nor its status on the main path', () => {
  const old = judgeNew(certificateSigningRequest, newRequest()).object
  const { object } = judgeUpdate(certificateSigningRequest, old, next => {
    next.spec.usages = ['any']
    next.status = { certificate: 'x' }
  })
  assert.deepEqual([object.spec.usages, object.status], [['client auth'], {}])
})

test('certificateSigningRequest/approval changes conditions only', () => {
  const old = judgeNew(certificateSigningRequest, newRequest()).object
  const { object, errors } = judgeSubresource(certificateSigningRequest, 'approval', old, next => {
    next.spec.signerName = 'a.io/b'
    next.status = { certificate: 'forged', conditions: [{ type: 'Approved', status: 'True' }] }
  })
  assert.deepEqual(errors, [])
  assert.equal(object.spec.signerName, 'kubernetes.io/kube-apiserver-client-kubelet')
  assert.equal(object.status?.certificate, undefined)
  assert.equal(object.status?.conditions?.[0]?.lastUpdateTime, '2026-01-01T00:00:00Z')
})

test('certificateSigningRequest/status can neither approve nor unapprove', () => {
  const old = judgeNew(certificateSigningRequest, newRequest()).object
  const approved = judgeSubresource(certificateSigningRequest, 'status', old, next => {
    next.status = { conditions: [{ type: 'Approved', status: 'True' }] }
  })
  assert.deepEqual(approved.object.status?.conditions, [])
})

test('certificateSigningRequest refuses approval together with denial', () => {
  const old = judgeNew(certificateSigningRequest, newRequest()).object
  const { fields } = judgeSubresource(certificateSigningRequest, 'approval', old, next => {
    next.status = {
      conditions: [
        { type: 'Approved', status: 'True' },
        { type: 'Denied', status: 'True' },
      ],
    }
  })
  assert.deepEqual(fields, ['status.conditions[1].type'])
})

test('certificateSigningRequest prints what became of it', () => {
  const object = newRequest({ username: 'eve', expirationSeconds: 3600 })
  assert.equal(row(certificateSigningRequest, object, fixtureTime)['Condition'], 'Pending')
  object.status = { conditions: [{ type: 'Approved', status: 'True' }], certificate: 'x' }
  const cells = row(certificateSigningRequest, object, fixtureTime)
  assert.deepEqual([cells['Requestor'], cells['RequestedDuration'], cells['Condition']], ['eve', '60m', 'Approved,Issued'])
})
