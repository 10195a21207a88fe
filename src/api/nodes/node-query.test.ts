import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nodeRequestPath, type PodRequest, readNodeRequestPath } from './node-protocol.ts'
import { type ExecOptions, type LogOptions, type NodeOptions, type NodeRequestKind, readNodeQuery, writeNodeQuery } from './node-query.ts'

const flag = fc.boolean()
const text = fc.string({ unit: 'binary', maxLength: 20 }).filter(value => !value.includes('\0'))
const streams = { stdin: flag, stdout: flag, stderr: flag, tty: flag }
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const options: { readonly [Kind in NodeRequestKind]: fc.Arbitrary<NodeOptions[Kind]> } = {
  exec: fc.record({ command: fc.array(text), ...streams }),
  attach: fc.record(streams),
  portforward: fc.record({ ports: fc.array(fc.nat(65_535)) }),
  dial: fc.record({ port: fc.nat(65_535) }),
  logs: fc
    .record({
      ...{ follow: flag, previous: flag, timestamps: flag },
      ...{ sinceSeconds: optional(fc.nat()), sinceTime: optional(fc.constant('2026-01-01T00:00:00Z')) },
      ...{ tailLines: optional(fc.nat()), limitBytes: optional(fc.maxSafeNat()) },
    })
    .map(all => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as LogOptions),
}

for (const kind of Object.keys(options) as NodeRequestKind[]) {
  test(`readNodeQuery() reads for ${kind} what writeNodeQuery() writes, with only valid characters of a request target`, () => {
    const of: fc.Arbitrary<NodeOptions[NodeRequestKind]> = options[kind]
    fc.assert(
      fc.property(of, wanted => {
        const query = writeNodeQuery(kind, wanted)
        assert.match(query, /^[\w.!~*'()%=&-]*$/)
        // Its records have no prototype.
        assert.deepEqual(readNodeQuery(kind, query), { ...wanted })
      }),
    )
  })

  test(`readNodeQuery() accepts for ${kind} only the canonical form`, () => {
    const pieces = fc.constantFrom(...'command stdin tty ports port follow tailLines sinceTime true 1 0 = & %31 %20 + # ; % a'.split(' '))
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), parts => {
        const query = parts.join('')
        let read: NodeOptions[NodeRequestKind]
        try {
          read = readNodeQuery(kind, query)
        } catch (err) {
          assert.match(String(err), /the query is not in the form|must be Unicode text/)
          return
        }
        assert.equal(writeNodeQuery(kind, read), query)
      }),
    )
  })
}

const exec: ExecOptions = { command: ['sh'], stdin: false, stdout: true, stderr: false, tty: false }

for (const word of ['a\0b', '\ud800'])
  test(`writeNodeQuery() rejects ${JSON.stringify(word)}, which a program cannot receive unchanged`, () => {
    assert.throws(() => writeNodeQuery('exec', { ...exec, command: [word] }), /command must be Unicode text without NUL/)
  })

test('readNodeRequestPath() reads only what nodeRequestPath() writes', () => {
  const request: PodRequest = { kind: 'exec', pod: { namespace: 'd', name: 'a.b', uid: 'u' }, container: 'c', query: 'command=id' }
  assert.deepEqual(readNodeRequestPath(nodeRequestPath(request)), request)
  for (const path of [
    '/exec/d/a.b/u/c/',
    '/exec/d/a%2Eb/u/c',
    '//exec/d/a/u/c',
    '/exec/d/a/u',
    '/exec/d/a/u/c?',
    '/exec/d/a#/u/c',
    'exec/d/a/u/c',
  ])
    assert.throws(() => readNodeRequestPath(path), /in the form in which|unknown node request/, path)
  assert.throws(() => readNodeRequestPath('/exec/%zz/a/u/c'), /invalid URL escape/)
  assert.throws(() => readNodeRequestPath('/constructor/d/a/u/c'), /unknown node request "constructor"/)
})
