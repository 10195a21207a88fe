// The request line and the credential of registry clients: a path is read in one way only, and leads to one repository.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseRepositoryName } from '../api/repository-name.ts'
import type { FuzzTarget } from '../base/testing/fuzz-target.testing.ts'
import { tokenOf } from './credential.ts'
import { readRequest } from './request-path.ts'

const part = fc.constantFrom(
  'v2',
  'shop',
  'web',
  'blobs',
  'uploads',
  'manifests',
  'tags',
  'list',
  'referrers',
  '..',
  '.',
  '',
  '%2e',
  'A',
  '_catalog',
)
const path = fc.array(part, { maxLength: 10 }).map(parts => `/${parts.join('/')}`)
const methods = ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE']

export const registryRequest: FuzzTarget = {
  name: 'registry-request',
  inputs: path,
  words: ['/v2/', 'sha256:', '/manifests/', '/blobs/uploads/', '/../', '//', '%2f', 'Basic ', 'Bearer ', '\\'],
  maxBytes: 1024,
  run(input) {
    const text = input.toString('utf8')
    const token = tokenOf(text)
    assert.ok(token === undefined || (/^[\x21-\x7e]+$/.test(token) && token.length <= input.length))
    const found = methods.map(method => readRequest(method, text)).filter(read => typeof read === 'object' && 'repository' in read)
    const repositories = new Set(found.map(({ repository }) => repository))
    assert.ok(repositories.size <= 1, 'a path leads to two repositories')
    for (const { repository, path: passed } of found) {
      assert.equal(passed, text)
      assert.ok(text.startsWith(`/v2/${repository}/`), text)
      const { namespace = '', name = '' } = parseRepositoryName(repository) ?? {}
      assert.equal(`${namespace}/${name}`, repository)
      // What a parser of URLs would resolve or unescape.
      assert.equal(new URL(text, 'https://registry').pathname, text)
    }
  },
}
