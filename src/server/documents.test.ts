import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenApiInput } from '../api/schema/openapi.ts'
import { documents } from './documents.ts'
import type { RequestContext } from './request-context.ts'

function indexWith(text: string): string {
  const descriptions: NonNullable<OpenApiInput['descriptions']> = { 'core/v1.Pod': { text, fields: {} } }
  const handler = documents({ version: 'v1', resources: { all: [], onChange: () => undefined }, descriptions })
  const context = { form: { yaml: false }, request: { headers: [] } } as unknown as RequestContext
  const reply = handler(context, '/openapi/v3')
  assert.ok(reply !== undefined && 'body' in reply && Buffer.isBuffer(reply.body))
  return reply.body.toString()
}

test('the addresses of OpenAPI documents change with their descriptions, so that clients read them anew', () => {
  assert.match(indexWith('a'), /\/openapi\/v3\/version\?hash=[0-9A-F]{128}/)
  assert.equal(indexWith('a'), indexWith('a'))
  assert.notEqual(indexWith('a'), indexWith('b'))
})
