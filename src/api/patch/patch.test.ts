import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { WorkBudget } from '../../base/async/turns.ts'
import type { FieldValidation } from '../schema/decode.ts'
import { schemaFor } from '../schema/model.ts'
import { ApiError } from '../status.ts'
import { maxOperations } from './json-patch.ts'
import { mergePatch } from './merge-patch.ts'
import { applyPatch, requirePatchType } from './patch.ts'

const budget = new WorkBudget(Number.POSITIVE_INFINITY)

const json = 'application/json-patch+json'
const merge = 'application/merge-patch+json'
const strategic = 'application/strategic-merge-patch+json'

const pod = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'p', labels: { a: '1' }, finalizers: ['x', 'y'] },
  spec: {
    volumes: [{ name: 'v', emptyDir: {} }],
    containers: [
      {
        name: 'c1',
        image: 'one',
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
        resources: {},
      },
      { name: 'c2', image: 'two', resources: {} },
    ],
    tolerations: [{ key: 'k' }],
  },
  status: {},
}

function patched(contentType: string, patch: unknown, fieldValidation: FieldValidation = 'Strict') {
  const body = Buffer.from(typeof patch === 'string' ? patch : JSON.stringify(patch))
  return applyPatch({ contentType, budget, body, current: pod, type: schemaFor('', 'v1', 'Pod'), fieldValidation })
}

/** The JSON of the patched pod, for comparing its parts. */
async function parts(contentType: string, patch: unknown): Promise<typeof pod> {
  return JSON.parse(JSON.stringify((await patched(contentType, patch)).object))
}

async function failure(run: () => unknown): Promise<[code: number, message: string]> {
  try {
    await run()
  } catch (err) {
    if (err instanceof ApiError) return [err.status.code, err.message]
    throw err
  }
  throw new Error('accepted')
}

describe('a strategic merge patch', () => {
  const spec = async (patch: unknown) => (await parts(strategic, { spec: patch })).spec
  const names = (list: readonly { name: string }[]): string[] => list.map(({ name }) => name)

  it('merges lists by their key and puts new items first', async () => {
    const { containers } = await spec({
      containers: [
        { name: 'c2', image: 'new' },
        { name: 'c3', image: 'three' },
      ],
    })
    assert.deepEqual(names(containers), ['c1', 'c2', 'c3'])
    assert.equal(containers[1]?.image, 'new')
  })
  it('orders by $setElementOrder', async () => {
    assert.deepEqual(names((await spec({ '$setElementOrder/containers': [{ name: 'c2' }, { name: 'c1' }] })).containers), ['c2', 'c1'])
  })
  it('deletes with $patch: delete', async () => {
    assert.deepEqual(names((await spec({ containers: [{ name: 'c1', $patch: 'delete' }] })).containers), ['c2'])
  })
  it('replaces a list and an object with $patch: replace', async () => {
    assert.deepEqual(names((await spec({ containers: [{ $patch: 'replace' }, { name: 'z' }] })).containers), ['z'])
    assert.deepEqual(await spec({ $patch: 'replace', containers: [{ name: 'z' }] }), { containers: [{ name: 'z', resources: {} }] })
  })
  it('keeps only $retainKeys', async () => {
    assert.deepEqual((await spec({ volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] })).volumes, [
      { name: 'v', hostPath: { path: '/x' } },
    ])
  })
  it('merges and deletes from lists of scalars', async () => {
    assert.deepEqual((await parts(strategic, { metadata: { finalizers: ['z'] } })).metadata.finalizers, ['z', 'x', 'y'])
    assert.deepEqual((await parts(strategic, { metadata: { '$deleteFromPrimitiveList/finalizers': ['x'] } })).metadata.finalizers, ['y'])
  })
  it('replaces atomic lists', async () => assert.deepEqual((await spec({ tolerations: [{ key: 'z' }] })).tolerations, [{ key: 'z' }]))
  it('removes with null', async () => assert.equal('labels' in (await parts(strategic, { metadata: { labels: null } })).metadata, false))

  it('changes nothing if it is empty, and never modifies the current object', async () => {
    const before = JSON.stringify(pod)
    assert.equal(JSON.stringify((await patched(strategic, {})).object), before)
    await patched(strategic, { metadata: { labels: { b: '2' } }, spec: { containers: [{ name: 'c1', image: 'x' }] } })
    assert.equal(JSON.stringify(pod), before)
  })

  it('of an object with itself is that object', async () => {
    const name = fc.constantFrom('a', 'b', 'c')
    const container = fc.record({ name, image: name, args: fc.array(name, { minLength: 1, maxLength: 2 }) })
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(container, { selector: ({ name: key }) => key, minLength: 1 }), async containers => {
        const object = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'p' }, spec: { containers } }
        const type = schemaFor('', 'v1', 'Pod')
        const { object: result } = await applyPatch({
          contentType: strategic,
          budget,
          body: Buffer.from(JSON.stringify(object)),
          current: object,
          type,
          fieldValidation: 'Strict',
        })
        assert.deepEqual(
          JSON.parse(JSON.stringify(result)).spec.containers.map((c: { name: string; image: string; args: string[] }) => [
            c.name,
            c.image,
            c.args,
          ]),
          containers.map(c => [c.name, c.image, c.args]),
        )
      }),
    )
  })

  const refused: [patch: unknown, code: number, message: RegExp][] = [
    [{ spec: { containers: [{ image: 'x' }] } }, 500, /^map: map\[image:x\] does not contain declared merge key: name$/],
    [{ spec: { $patch: 'nope' } }, 500, /^unknown patch type: nope in map: map\[\$patch:nope\]$/],
    [{ spec: { volumes: [{ name: 'v', $retainKeys: ['name'], hostPath: {} }] } }, 400, /^invalid patch format of retainKeys$/],
    [{ metadata: { finalizers: [['x']] } }, 500, /^list element types are not identical: \[\[x y\] \[\[x\]\]\]$/],
    [
      { spec: { foo: 1 } },
      422,
      /^ "" is invalid: patch: Invalid value: "map\[spec:map\[foo:1\]\]": strict decoding error: unknown field "spec.foo"$/,
    ],
    ['{"spec":{"nodeName":"a","nodeName":"b"}}', 422, /strict decoding error: duplicate field "spec.nodeName"$/],
    [{ spec: { hostPID: 'x' } }, 422, /"map\[spec:map\[hostPID:x\]\]": unrecognized type: bool$/],
    [{ metadata: { labels: 'invalid' } }, 422, /"map\[metadata:map\[labels:invalid\]\]": cannot restore map from string$/],
    [{ spec: { tolerations: { a: 1 } } }, 422, /: cannot restore slice from map$/],
    [{ spec: { securityContext: [] } }, 422, /: cannot restore struct from: slice$/],
    [{ spec: { dnsPolicy: 1 } }, 422, /: cannot convert int64 to v1.DNSPolicy$/],
    [{ spec: { priority: 1.5 } }, 422, /: cannot convert float64 to int32$/],
    [{ spec: { overhead: { cpu: 'x' } } }, 422, /: quantities must match the regular expression /],
    [{ spec: { $retainKeys: ['hostPID'], hostPID: 'x' } }, 422, /"map\[spec:map\[hostPID:x\]\]": unrecognized type: bool$/],
    [{ metadata: { deletionTimestamp: 1 } }, 422, /: json: cannot unmarshal number into Go value of type string$/],
    ['[]', 400, /^json: cannot unmarshal array into Go value of type map\[string\]interface \{\}$/],
  ]
  for (const [patch, code, message] of refused) {
    it(`is rejected: ${JSON.stringify(patch)}`, async () => {
      const [gotCode, gotMessage] = await failure(() => patched(strategic, patch))
      assert.equal(gotCode, code)
      assert.match(gotMessage, message)
    })
  }

  it('treats $patch: null in a new value as none', async () =>
    assert.deepEqual(await spec({ os: { name: 'linux', $patch: null } }), { ...pod.spec, os: { name: 'linux' } }))

  it("warns under Warn, of unknown fields in the converter's order", async () => {
    const patch = { a: 1, spec: { foo: 1, containers: [{ name: 'c1', bar: 1 }] }, metadata: { b: 1 } }
    assert.deepEqual((await patched(strategic, patch, 'Warn')).warnings, [
      'unknown field "metadata.b"',
      'unknown field "spec.containers[0].bar"',
      'unknown field "spec.foo"',
      'unknown field "a"',
    ])
  })
})

describe('a merge patch', () => {
  // The examples of RFC 7386, appendix A.
  const table: [target: unknown, patch: unknown, result: unknown][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  for (const [target, patch, result] of table) {
    it(`turns ${JSON.stringify(target)} with ${JSON.stringify(patch)} into ${JSON.stringify(result)}`, () =>
      assert.deepEqual(mergePatch(target, patch), result))
  }

  it('reproduces its own patch for any object without nulls', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (target, patch) => {
        if (JSON.stringify(patch).includes('null')) return
        const once = mergePatch(target, patch)
        assert.deepEqual(mergePatch(once, patch), once)
      }),
    )
  })

  it('does not touch prototypes', () => {
    const result = mergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}'))
    assert.equal(JSON.stringify(result), '{"__proto__":{"polluted":true}}')
    assert.equal(Object.getOwnPropertyNames(Object.prototype).includes('polluted'), false)
  })

  it('replaces lists', async () => assert.deepEqual((await parts(merge, { metadata: { finalizers: ['z'] } })).metadata.finalizers, ['z']))
  it('must be an object', async () => {
    assert.deepEqual(await failure(() => patched(merge, '[1]')), [
      400,
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    ])
    assert.deepEqual(await failure(() => patched(merge, '{')), [400, 'error decoding patch: unexpected end of JSON input'])
    for (const body of ['null', '5', '{']) {
      assert.deepEqual(await failure(() => patched(merge, body, 'Ignore')), [400, 'Invalid JSON Patch'])
    }
  })
})

describe('a JSON patch', () => {
  it('is limited in its operations', async () => {
    const many = Array.from({ length: maxOperations + 1 }, () => ({ op: 'test', path: '/kind', value: 'Pod' }))
    assert.deepEqual(await failure(() => patched(json, many)), [
      413,
      `Request entity too large: The allowed maximum operations in a JSON patch is ${maxOperations}, got ${maxOperations + 1}`,
    ])
  })

  const refused: [body: string, fieldValidation: 'Strict' | 'Warn' | 'Ignore', code: number, message: string][] = [
    ['{}', 'Warn', 400, 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp'],
    ['{}', 'Ignore', 400, 'json: cannot unmarshal object into Go value of type jsonpatch.Patch'],
    ['[1]', 'Warn', 400, 'error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp'],
    ['[1]', 'Ignore', 400, 'json: cannot unmarshal number into Go value of type jsonpatch.Operation'],
    ['[', 'Warn', 400, 'error decoding patch: unexpected end of JSON input'],
    ['[', 'Ignore', 400, 'unexpected end of JSON input'],
    ['[{"op":5}]', 'Warn', 400, 'error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string'],
    ['[{"op":5}]', 'Ignore', 422, 'the server rejected our request due to an error in our request'],
    ['[null]', 'Warn', 422, 'the server rejected our request due to an error in our request'],
  ]
  for (const [body, fieldValidation, code, message] of refused) {
    it(`is rejected: ${body} under ${fieldValidation}`, async () => {
      assert.deepEqual(await failure(() => patched(json, body, fieldValidation)), [code, message])
    })
  }

  it('reports unknown and duplicate members of its operations', async () => {
    const body = '[{"op":"add","op":"add","path":"/metadata/labels/b","value":"2","extra":1}]'
    assert.deepEqual((await patched(json, body, 'Warn')).warnings, [
      'json patch duplicate field "[0].op"',
      'json patch unknown field "[0].extra"',
    ])
    assert.match(
      (await failure(() => patched(json, body)))[1],
      /strict decoding error: json patch duplicate field "\[0\].op", json patch unknown/,
    )
  })

  it('may be null, and then changes nothing', async () =>
    assert.deepEqual((await patched(json, 'null')).object, (await patched(json, '[]')).object))
})

describe('an odd result of a JSON patch or a merge patch', () => {
  const rows: [name: string, contentType: string, patch: unknown, shown: string, fault: string][] = [
    [
      'is shown sorted where the patch went, and as it was elsewhere',
      merge,
      { status: '<', spec: null, metadata: { labels: { a: '2' } } },
      '{"apiVersion":"v1","kind":"Pod","metadata":{"finalizers":["x","y"],"labels":{"a":"2"},"name":"p"},"status":"\\u003c"}',
      'json: cannot unmarshal string into Go struct field Pod.status of type v1.PodStatus',
    ],
    [
      'is shown with the values of a JSON patch as they were sent',
      json,
      [
        { op: 'replace', path: '/spec', value: { nodeName: { b: 1, a: 2 } } },
        { op: 'remove', path: '/status' },
      ],
      '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","labels":{"a":"1"},"finalizers":["x","y"]},"spec":{"nodeName":{"b":1,"a":2}}}',
      'json: cannot unmarshal object into Go struct field PodSpec.spec.nodeName of type string',
    ],
    [
      'gets the first fault of that text',
      json,
      [
        { op: 'replace', path: '/spec', value: null },
        { op: 'replace', path: '/metadata/labels/a', value: 1 },
        { op: 'replace', path: '/metadata/finalizers/1', value: 2 },
      ],
      '{"apiVersion":"v1","kind":"Pod","metadata":{"finalizers":["x",2],"labels":{"a":1},"name":"p"},"spec":null,"status":{}}',
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.finalizers of type string',
    ],
    [
      'is refused as no object',
      json,
      [{ op: 'replace', path: '', value: [] }],
      '[]',
      'couldn\'t get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
    ],
  ]
  for (const [name, contentType, patch, shown, fault] of rows) {
    it(name, async () =>
      assert.deepEqual(await failure(() => patched(contentType, patch)), [
        422,
        ` "" is invalid: patch: Invalid value: ${JSON.stringify(shown)}: ${fault}`,
      ]),
    )
  }

  it('reports its unknown fields in the order of that text', async () =>
    assert.deepEqual((await patched(merge, { metadata: { b: 1, a: 1 }, apple: 1 }, 'Warn')).warnings, [
      'unknown field "apple"',
      'unknown field "metadata.a"',
      'unknown field "metadata.b"',
    ]))
})

describe('requirePatchType()', () => {
  const refusal = (contentType: string, hasSchema = true) => failure(() => requirePatchType(contentType, hasSchema))
  it('ignores parameters', () => requirePatchType(`${merge}; charset=utf-8`, true))
  it('accepts server-side apply', () => requirePatchType('application/apply-patch+yaml', false))
  it('offers strategic merge only with a schema', async () => {
    requirePatchType(strategic, true)
    assert.deepEqual(await refusal(strategic, false), [
      415,
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    ])
  })
  for (const contentType of ['', 'text/plain', 'Application/merge-patch+json', `${merge} ; charset=utf-8`]) {
    it(`refuses ${JSON.stringify(contentType)}`, async () => assert.equal((await refusal(contentType))[0], 415))
  }
})
