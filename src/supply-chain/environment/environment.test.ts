import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { environmentDifferences } from './compare-environments.ts'
import { type EnvironmentFacts, environmentProblem, parseEnvironment } from './environment-predicate.ts'
import { lockedPackages, maxPackages } from './lockfile-packages.ts'

const facts: EnvironmentFacts = {
  platform: 'linux/x64',
  node: 'v26.0.0',
  commit: 'abc',
  modified: [],
  tools: [{ name: 'cc', path: '/usr/bin/gcc', sha256: '1' }],
  lockfiles: [{ path: 'package-lock.json', sha256: '2' }],
  sources: { sha256: '3', count: 1, files: [{ path: 'main.js', sha256: '4' }] },
  dependencies: [{ path: 'node_modules/left', version: '1.0.0', integrity: 'sha512-x', sha256: '5', verified: 'lockfile' }],
  changed: [],
}
const refusal = (message: RegExp) => (err: unknown) => err instanceof UserError && message.test(err.message)

test('environmentDifferences() names what is different', () => {
  assert.deepEqual(environmentDifferences(facts, facts), [])
  const now: EnvironmentFacts = {
    ...facts,
    platform: 'linux/arm64',
    commit: 'def',
    tools: [{ name: 'cc', path: '/usr/bin/clang', sha256: 'x' }],
    lockfiles: [],
    sources: {
      sha256: 'x',
      count: 2,
      files: [
        { path: 'main.js', sha256: 'x' },
        { path: 'new.js', sha256: 'y' },
      ],
    },
    dependencies: [{ path: 'node_modules/left', version: '1.0.0', sha256: 'x', verified: 'none' }],
    changed: ['"node_modules/left/a.js" has other bytes than its archive'],
  }
  assert.deepEqual(environmentDifferences(facts, now), [
    'platform: linux/arm64, attested was linux/x64',
    'commit: def, attested was abc',
    'tool: "cc" was changed',
    'lockfile: "package-lock.json" is missing',
    'source: "main.js" was changed',
    'source: "new.js" is new',
    'dependency: "node_modules/left/a.js" has other bytes than its archive',
    'dependency: "node_modules/left" was changed',
  ])
  const summary = { ...facts, sources: { sha256: '3', count: 1 } }
  assert.match(environmentDifferences(summary, now).join('\n'), /sources: 2 files with other content; the attestation is a summary/)
})

test('parseEnvironment() reads what was attested, and names what is wrong', () => {
  assert.deepEqual(parseEnvironment(JSON.parse(JSON.stringify(facts)), 'it'), facts)
  const rows: readonly (readonly [object | string, RegExp])[] = [
    ['x', /^it: its predicate is no object/],
    [{ ...facts, tools: {} }, /"tools" must be a list/],
    [{ ...facts, tools: [1] }, /an entry of "tools" is no object/],
    [{ ...facts, changed: [1] }, /"changed" must be a list of texts/],
    [{ ...facts, sources: 1 }, /"sources" must be an object/],
    [{ ...facts, platform: 1 }, /"platform" must be a text/],
  ]
  for (const [value, message] of rows) assert.throws(() => parseEnvironment(value, 'it'), refusal(message))
})

test('environmentProblem() names the changed files, and takes no attestation that does not say', () => {
  assert.equal(environmentProblem(facts), undefined)
  assert.match(
    environmentProblem({ ...facts, changed: ['"a"', '"b"', '"c"', '"d"'] }) ?? '',
    /changed dependencies: "a", "b", "c" and 1 more$/,
  )
  for (const value of [{}, null, 'x', { changed: 'none' }]) assert.match(environmentProblem(value) ?? '', /does not say/)
})

test('lockedPackages() reads the packages of a lockfile, and no path outside of it', () => {
  const read = (packages: object) => lockedPackages(Buffer.from(JSON.stringify({ lockfileVersion: 3, packages })), 'it')
  const integrity = 'sha512-x'
  assert.deepEqual(
    read({
      '': {},
      'node_modules/a': { version: '1', integrity },
      'node_modules/b': { link: true },
      'packages/c': {},
      'x/node_modules/@s/d': {},
    }),
    [
      { path: 'node_modules/a', version: '1', integrity },
      { path: 'x/node_modules/@s/d', version: '' },
    ],
  )
  for (const path of ['../node_modules/a', 'node_modules/..', 'node_modules/a/../../../etc', '/node_modules/a', 'node_modules/a b'])
    assert.throws(() => read({ [path]: {} }), refusal(/which is no path of npm/), path)
  assert.throws(() => lockedPackages(Buffer.from('{}'), 'it'), refusal(/it must be of lockfileVersion 2 or 3/))
  const many = Object.fromEntries(Array.from({ length: maxPackages + 1 }, (_, at) => [`node_modules/p${at}`, {}]))
  assert.throws(() => read(many), refusal(/at most 20000 are read/))
})
