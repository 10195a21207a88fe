import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isReason } from '../../../api/status.ts'
import type { ServerRequest } from '../../http/exchange.ts'
import { requireOwnOrigin } from './own-origin.ts'

describe('requireOwnOrigin()', () => {
  const rows: [name: string, headers: Record<string, string>, authorization: string | undefined, allowed: boolean][] = [
    ['a program that says no origin', { host: 'k8s.example:6443' }, undefined, true],
    ["a library that says the server's own", { host: 'k8s.example:6443', origin: 'https://k8s.example:6443' }, undefined, true],
    ['a library that leaves the usual port out', { host: 'k8s.example', origin: 'https://k8s.example' }, undefined, true],
    ['a page of another site', { host: 'k8s.example:6443', origin: 'https://evil.example' }, undefined, false],
    ['a page on another port', { host: 'k8s.example:6443', origin: 'https://k8s.example' }, undefined, false],
    ['a page of no site', { host: 'k8s.example:6443', origin: 'null' }, undefined, false],
    ['a page of another site with a token', { host: 'k8s.example:6443', origin: 'https://ui.example' }, 'Bearer t', true],
  ]
  for (const [name, headers, authorization, allowed] of rows) {
    test(`${allowed ? 'admits' : 'refuses'} ${name}`, () => {
      const credentials = { remoteAddress: '192.0.2.7', ...(authorization === undefined ? {} : { authorization }) }
      const check = () => requireOwnOrigin({ headers, credentials } satisfies Partial<ServerRequest> as ServerRequest)
      if (allowed) check()
      else assert.throws(check, err => isReason(err, 'Forbidden'))
    })
  }
})
