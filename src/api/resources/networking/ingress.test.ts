import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HTTPIngressPath, Ingress, IngressSpec } from '../../types/networking-v1.ts'
import { row, validateNew } from '../core/new-object.fixture.ts'
import { ingress } from './ingress.ts'

const backend = { service: { name: 'web', port: { number: 80 } } }
const withPath = (path: HTTPIngressPath): IngressSpec => ({ rules: [{ http: { paths: [path] } }] })
const newIngress = (spec: IngressSpec, annotations?: Record<string, string>): Ingress => ({
  metadata: { name: 'site', ...(annotations === undefined ? {} : { annotations }) },
  spec,
})

test('ingress accepts a path to a service', () => {
  const { object, errors } = validateNew(ingress, newIngress(withPath({ path: '/', pathType: 'Prefix', backend })))
  assert.deepEqual(errors, [])
  assert.deepEqual(object.status, { loadBalancer: {} })
})

const base = 'spec.rules[0].http.paths[0]'
const refusals: { name: string; spec: IngressSpec; fields: string[] }[] = [
  { name: 'nothing to route', spec: {}, fields: ['spec'] },
  { name: 'a path without a type', spec: withPath({ path: '/', backend }), fields: [`${base}.pathType`] },
  { name: 'a relative path', spec: withPath({ path: 'x', pathType: 'Exact', backend }), fields: [`${base}.path`] },
  { name: 'an escaped slash', spec: withPath({ path: '/a%2Fb', pathType: 'Prefix', backend }), fields: [`${base}.path`] },
  { name: 'no backend', spec: withPath({ path: '/', pathType: 'Exact', backend: {} }), fields: [`${base}.backend`] },
  { name: 'a service without a port', spec: { defaultBackend: { service: { name: 'web' } } }, fields: ['spec.defaultBackend'] },
  { name: 'an address as host', spec: { rules: [{ host: '10.0.0.1' }] }, fields: ['spec.rules[0].host'] },
  { name: 'a wildcard inside a host', spec: { rules: [{ host: 'a.*.example.com' }] }, fields: ['spec.rules[0].host'] },
  { name: 'a bad class', spec: { ingressClassName: 'A', defaultBackend: backend }, fields: ['spec.ingressClassName'] },
]
for (const { name, spec, fields } of refusals) {
  test(`ingress rejects ${name}`, () => assert.deepEqual(validateNew(ingress, newIngress(spec)).fields, fields))
}

test('ingress reports what a backend without service lacks', () => {
  const resource = { kind: '', name: '' }
  assert.deepEqual(validateNew(ingress, newIngress({ defaultBackend: { resource } })).errors, [
    'spec.defaultBackend.resource.kind: Required value: kind is required',
    'spec.defaultBackend.resource.name: Required value: name is required',
  ])
})

test('ingress rejects an annotation that names another class', () => {
  const spec = { ingressClassName: 'a', defaultBackend: backend }
  assert.deepEqual(validateNew(ingress, newIngress(spec, { 'kubernetes.io/ingress.class': 'b' })).fields, [
    'annotations.kubernetes.io/ingress.class',
  ])
})

test('ingress prints class, hosts, addresses and ports', () => {
  const hosts = ['a.io', 'b.io', 'c.io', 'd.io'].map(host => ({ host }))
  const object = newIngress({ rules: hosts, tls: [{}] })
  object.status = { loadBalancer: { ingress: [{ ip: '192.0.2.2' }, { ip: '192.0.2.1' }] } }
  const { Class, Hosts, Address, Ports } = row(ingress, object)
  assert.deepEqual([Class, Hosts, Address, Ports], ['<none>', 'a.io,b.io,c.io + 1 more...', '192.0.2.1,192.0.2.2', '80, 443'])
})
