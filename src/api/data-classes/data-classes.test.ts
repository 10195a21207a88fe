import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { maxFields, parseClassifiedFields } from './classified-fields.ts'
import { type ClassifiedObject, classify, lowering, worstOf } from './classify.ts'
import { dataClassFieldsAnnotation, dataClassLabel } from './data-class.ts'
import { maskText, maxMasked, redactFields, valuesOf } from './redact.ts'

const label = (dataClass: string) => ({ labels: { [dataClassLabel]: dataClass } })
const listed = (fields: string) => ({ annotations: { [dataClassFieldsAnnotation]: fields } })

describe('parseClassifiedFields()', () => {
  const cases: readonly (readonly [string, object])[] = [
    ['personal=spec.email', [{ dataClass: 'personal', path: ['spec', 'email'] }]],
    [
      'personal=spec.users.*.name, data[tls.key] ;confidential=data.a',
      [
        { dataClass: 'personal', path: ['spec', 'users', '*', 'name'] },
        { dataClass: 'personal', path: ['data', 'tls.key'] },
        { dataClass: 'confidential', path: ['data', 'a'] },
      ],
    ],
    ['', []],
  ]
  for (const [text, expected] of cases)
    test(`reads "${text}"`, () => {
      assert.deepEqual(parseClassifiedFields(text), { fields: expected })
    })
  for (const text of [
    'secret=spec.a',
    'spec.a',
    'personal=',
    'personal=spec..a',
    'personal=metadata.name',
    'personal=data[a',
    'personal=.a',
    'personal=data[a]b',
  ])
    test(`refuses "${text}"`, () => {
      assert.ok('problem' in parseClassifiedFields(text))
    })
  test('has limits', () => {
    assert.ok('problem' in parseClassifiedFields(`personal=${'a'.repeat(maxFields.characters)}`))
    assert.ok('problem' in parseClassifiedFields(`personal=${Array.from({ length: maxFields.fields + 1 }, (_, at) => `f${at}`).join(',')}`))
    assert.ok(
      'problem' in parseClassifiedFields(`personal=${Array.from({ length: maxFields.wildcards + 1 }, (_, at) => `f${at}.*`).join(',')}`),
    )
    assert.ok('problem' in parseClassifiedFields(`personal=${Array.from({ length: maxFields.names + 1 }, () => 'a').join('.')}`))
  })
})

describe('classify()', () => {
  const cases: readonly (readonly [string, Partial<ClassifiedObject>, string])[] = [
    ['nothing is labeled', {}, 'internal'],
    ['an object is public', { states: [label('public')] }, 'public'],
    ['the namespace counts for all in it', { namespace: label('personal'), states: [label('public')] }, 'personal'],
    ['an object may be above its namespace', { namespace: label('internal'), states: [label('confidential')] }, 'confidential'],
    ['the highest of all states', { states: [label('internal'), label('personal')] }, 'personal'],
    ['a Secret is never below confidential', { groupResource: 'secrets', states: [label('public')] }, 'confidential'],
    ['a kind by its definition', { definition: label('personal') }, 'personal'],
    ['a label that is no class', { states: [label('secret')] }, 'personal'],
    ['fields that cannot be read', { states: [listed('?')] }, 'personal'],
  ]
  for (const [name, object, expected] of cases)
    test(name, () => {
      assert.equal(classify({ groupResource: 'configmaps', states: [], namespace: undefined, ...object }).base, expected)
    })

  test('keeps fields above the object, of the kind and of the object', () => {
    const found = classify({
      ...{ groupResource: 'users.example.org', namespace: undefined },
      definition: listed('personal=spec.email'),
      states: [{ ...label('confidential'), ...listed('confidential=spec.a;personal=spec.b') }],
    })
    assert.deepEqual(
      found.fields.map(({ path }) => path.join('.')),
      ['spec.email', 'spec.b'],
    )
    assert.equal(worstOf(found), 'personal')
  })
})

describe('lowering()', () => {
  const cases: readonly (readonly [string, object, object, string | undefined])[] = [
    ['a lower label', label('personal'), label('internal'), 'the data class "personal"'],
    ['a removed label', label('confidential'), {}, 'the data class "confidential"'],
    ['a label of another value that is none', label('personal'), label('x'), undefined],
    ['a higher label', label('internal'), label('personal'), undefined],
    ['a first label below the default', {}, label('public'), undefined],
    ['a field that is not listed any more', listed('personal=spec.a'), listed(''), 'the data class "personal" of spec.a'],
    ['a field of a lower class', listed('personal=spec.a'), listed('internal=spec.a'), 'the data class "personal" of spec.a'],
    ['a field that the whole object covers', listed('personal=spec.a'), label('personal'), undefined],
  ]
  for (const [name, before, after, expected] of cases)
    test(name, () => {
      assert.equal(lowering(before, after), expected)
    })
})

describe('redactFields()', () => {
  const email = [{ dataClass: 'personal', path: ['spec', 'users', 'email'] }] as const
  test('replaces values at a path through lists, and the same values elsewhere', () => {
    const object = {
      metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'ann@example.org', copy: 'ann@example.org' } },
      spec: { users: [{ email: 'ann@example.org', name: 'ann' }], note: 'ann@example.org' },
    }
    assert.deepEqual(redactFields(object, email), {
      metadata: { annotations: { copy: '[personal]' } },
      spec: { users: [{ email: '[personal]', name: 'ann' }], note: '[personal]' },
    })
    assert.equal(object.spec.note, 'ann@example.org')
  })

  test('replaces whatever is below a path, and all members for *', () => {
    const fields = [{ dataClass: 'confidential', path: ['data', '*'] }] as const
    assert.deepEqual(redactFields({ data: { a: { b: 1 }, c: [2] } }, fields), { data: { a: '[confidential]', c: ['[confidential]'] } })
  })

  test('reads no member of a prototype', () => {
    assert.deepEqual(redactFields({ data: {} }, [{ dataClass: 'personal', path: ['data', 'constructor', 'name'] }]), { data: {} })
  })
})

describe('maskText()', () => {
  test('takes out what a Secret holds, as it is, encoded and quoted', () => {
    const values = valuesOf({ kind: 'Secret', metadata: {}, data: { key: Buffer.from('top "secret"').toString('base64') } }, 'all')
    assert.equal(maskText('a top "secret", dG9wICJzZWNyZXQi, "top \\"secret\\""', values, '[x]'), 'a [x], [x], "[x]"')
  })

  test('leaves names and choices of pods', () => {
    const pod = {
      kind: 'Pod',
      metadata: {},
      spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox', command: ['printcanary'] }] },
    }
    assert.equal(
      maskText('container main of busybox: exec "printcanary", Never', valuesOf(pod, 'all'), '[x]'),
      'container main of busybox: exec "[x]", Never',
    )
  })

  test('values that are parts of the mark do not multiply it', () => {
    const mark = '[confidential]'
    const parts = Array.from({ length: mark.length }, (_, from) =>
      Array.from({ length: mark.length }, (_, to) => mark.slice(from, to)).filter(({ length }) => length >= 4),
    ).flat()
    assert.equal(maskText('confidential', new Set(parts), mark), mark)
    assert.equal(maskText(`a ${'confidential '.repeat(600)}`, new Set(parts), mark), `a ${`${mark} `.repeat(600)}`)
  })

  test('values that touch or overlap get one mark', () => {
    assert.equal(maskText('see abcdefgh, abcdabcd', new Set(['abcde', 'defgh', 'abcd']), '[x]'), 'see [x], [x]')
  })

  test('valuesOf() leaves out values that are longer than the text', () => {
    const data = { short: Buffer.from('abcdef').toString('base64'), long: Buffer.from('x'.repeat(5000)).toString('base64') }
    assert.deepEqual([...valuesOf({ kind: 'Secret', metadata: {}, data }, 'all', 8)], [data.short, 'abcdef'])
  })

  test('a value with a dollar is no pattern', () => {
    assert.equal(maskText('abcd$&', new Set(['abcd']), '$&'), '$&$&')
  })

  test('gives up on a text or on values beyond its limits', () => {
    assert.equal(maskText('a'.repeat(maxMasked.textLength + 1), new Set(['none']), '[x]'), undefined)
    const data = Object.fromEntries(Array.from({ length: maxMasked.values + 1 }, (_, at) => [`k${at}`, `value-${at}`]))
    assert.equal(maskText('text', valuesOf({ kind: 'ConfigMap', metadata: {}, data }, 'all'), '[x]'), undefined)
  })
})
