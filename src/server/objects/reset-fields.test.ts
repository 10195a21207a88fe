// The fields that a manager gets on each path of a kind: restored fields have no manager.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ecCertificate, ecRequest, pemOf } from '../../api/resources/certificates/pem.fixture.ts'
import { crds, install, widget, widgetDefinition, widgets } from '../custom-resources/widgets.testing.ts'
import { TestServer } from '../testing.ts'

const apply = { 'content-type': 'application/apply-patch+yaml' }

type Fields = Record<string, unknown>

/** A manager's entry, as paths of two levels: `spec`, `status.conditions`. */
function fieldsOf(
  object: { metadata: { managedFields?: { manager: string; fieldsV1: Record<string, Fields> }[] } },
  manager: string,
): string[] {
  const entries = (object.metadata.managedFields ?? []).filter(entry => entry.manager === manager)
  return entries
    .flatMap(({ fieldsV1 }) =>
      Object.entries(fieldsV1).flatMap(([first, below]) =>
        Object.keys(below)
          .filter(second => second !== '.')
          .map(second => `${first}.${second}`.replaceAll('f:', '')),
      ),
    )
    .sort()
}

test('of a CertificateSigningRequest each path has its own part', async () => {
  await using api = new TestServer()
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
  const type = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest' }
  const metadata = { name: 'a', labels: { a: '1' } }
  const spec = { request: pemOf('CERTIFICATE REQUEST', ecRequest), signerName: 'example.com/a', usages: ['client auth'] }
  const created = await api.request('POST', `${path}?fieldManager=requester`, { ...type, metadata, spec })
  assert.equal(created.status, 201)
  assert.deepEqual(fieldsOf(created.json, 'requester'), ['metadata.labels'])
  const condition = { type: 'Approved', status: 'True', reason: 'R', message: 'm', lastUpdateTime: '2026-01-01T00:00:00Z' }
  const certificate = pemOf('CERTIFICATE', ecCertificate)
  const body = { ...type, metadata: { name: 'a' }, status: { certificate, conditions: [condition] } }
  const approved = await api.request('PATCH', `${path}/a/approval?fieldManager=approver`, body, apply)
  assert.equal(approved.status, 200)
  assert.equal(approved.json.status.certificate, undefined)
  assert.deepEqual(fieldsOf(approved.json, 'approver'), ['status.conditions'])
  const signed = await api.request('PATCH', `${path}/a/status?fieldManager=signer&force=true`, body, apply)
  assert.equal(signed.status, 200)
  assert.equal(signed.json.status.certificate, certificate)
  assert.deepEqual(fieldsOf(signed.json, 'signer'), ['status.certificate'])
  assert.deepEqual(fieldsOf(signed.json, 'approver'), ['status.conditions'])
})

test('of a custom resource status writers manage the metadata that they send, though it stays as it was', async () => {
  await using api = new TestServer()
  await install(api, widgetDefinition({ version: { subresources: { status: {} } } }))
  await api.request('POST', `${widgets}?fieldManager=maker`, widget('a', { size: 1 }))
  const body = { ...widget('a', { size: 2 }), metadata: { name: 'a', labels: { a: '1' } }, status: { phase: 'p' } }
  const { status, json } = await api.request('PATCH', `${widgets}/a/status?fieldManager=status&force=true`, body, apply)
  assert.equal(status, 200)
  assert.equal(json.metadata.labels, undefined)
  assert.deepEqual(fieldsOf(json, 'status'), ['metadata.labels', 'status.phase'])
  assert.ok(fieldsOf(json, 'maker').includes('spec.size'))
})

test('of a CustomResourceDefinition status writers set labels and annotations, and neither finalizers nor owners', async () => {
  await using api = new TestServer()
  const { metadata } = await api.create(crds, {
    ...widgetDefinition(),
    metadata: { name: 'widgets.example.com', finalizers: ['example.com/kept'] },
  })
  const path = `${crds}/${metadata.name}`
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'u' }]
  const change = { metadata: { labels: { a: '1' }, annotations: { b: '2' }, finalizers: ['example.com/other'], ownerReferences } }
  const merge = { 'content-type': 'application/merge-patch+json' }
  const { status, json } = await api.request('PATCH', `${path}/status?fieldManager=status`, change, merge)
  assert.equal(status, 200)
  assert.deepEqual(json.metadata.labels, { a: '1' })
  assert.deepEqual(json.metadata.annotations, { b: '2' })
  assert.deepEqual(json.metadata.finalizers, ['example.com/kept'])
  assert.equal(json.metadata.ownerReferences, undefined)
  assert.deepEqual(fieldsOf(json, 'status'), [])
  const refused = await api.request('PATCH', `${path}/status`, { metadata: { labels: { a: 'no label!' } } }, merge)
  assert.equal(refused.status, 422)
  assert.equal(refused.json.details.causes[0].field, 'metadata.labels')
})
