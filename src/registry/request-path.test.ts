import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maxPathBytes, readRequest } from './request-path.ts'

const digest = `sha256:${'a'.repeat(64)}`
const rows: readonly (readonly [method: string, path: string, found: string])[] = [
  ['GET', '/v2/', 'base'],
  ['GET', '/v2', 'base'],
  ['GET', '/token', 'token'],
  ['POST', '/token', 'unknown-method'],
  ['GET', '/v2/_catalog', 'catalog'],
  ['GET', '/v2/shop/web/manifests/1.0', 'manifest shop/web pull'],
  ['HEAD', `/v2/shop/team/web/manifests/${digest}`, 'manifest shop/team/web pull'],
  ['PUT', '/v2/shop/web/manifests/1.0', 'manifest shop/web push'],
  ['DELETE', `/v2/shop/web/manifests/${digest}`, 'manifest shop/web delete'],
  ['GET', `/v2/shop/web/blobs/${digest}`, 'blob shop/web pull'],
  ['DELETE', `/v2/shop/web/blobs/${digest}`, 'blob shop/web delete'],
  ['POST', '/v2/shop/web/blobs/uploads/', 'start-upload shop/web push'],
  ['POST', '/v2/shop/web/blobs/uploads', 'start-upload shop/web push'],
  ['PATCH', '/v2/shop/web/blobs/uploads/0f-1', 'upload shop/web push'],
  ['GET', '/v2/shop/web/blobs/uploads/0f-1', 'upload shop/web push'],
  ['GET', '/v2/shop/web/tags/list', 'tags shop/web pull'],
  ['GET', `/v2/shop/web/referrers/${digest}`, 'referrers shop/web pull'],
  ['POST', '/v2/shop/web/manifests/1.0', 'unknown-method'],
  ['constructor', '/v2/shop/web/manifests/1.0', 'unknown-method'],
  // Without a namespace, or with one that cannot be.
  ['GET', '/v2/web/manifests/1.0', 'unknown-path'],
  ['GET', '/v2/Shop/web/manifests/1.0', 'unknown-path'],
  ['GET', `/v2/${'n'.repeat(64)}/web/manifests/1.0`, 'unknown-path'],
  ['GET', '/v2/shop//web/manifests/1.0', 'unknown-path'],
  ['GET', '/v2/shop/../bank/web/manifests/1.0', 'unknown-path'],
  ['GET', '/v2/shop/%2e%2e/bank/manifests/1.0', 'unknown-path'],
  ['GET', '/v2/shop/web/manifests/', 'unknown-path'],
  ['GET', `/v2/shop/web/manifests/${'t'.repeat(129)}`, 'unknown-path'],
  ['GET', '/v2/shop/web/blobs/sha256:0', 'unknown-path'],
  ['GET', '/v1/shop/web/manifests/1.0', 'unknown-path'],
  ['GET', `/v2/shop/${'a/'.repeat(maxPathBytes)}manifests/1`, 'unknown-path'],
]
for (const [method, path, found] of rows) {
  test(`readRequest() reads ${method} ${path.slice(0, 80)}`, () => {
    const read = readRequest(method, path)
    const text = typeof read === 'string' ? read : 'repository' in read ? `${read.kind} ${read.repository} ${read.verb}` : read.kind
    assert.equal(text, found)
  })
}
