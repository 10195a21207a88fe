import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type FieldError, formatFieldError } from '../../field-error.ts'
import type { Volume } from '../../types/core-v1.ts'
import { hasSource, validateVolumes } from './volumes.ts'

function validate(...volumes: Volume[]): string[] {
  const errors: FieldError[] = []
  validateVolumes(volumes, { name: 'web' }, 'v', errors)
  return errors.map(formatFieldError)
}

const item = { key: 'k', path: 'p' }

describe('validateVolumes()', () => {
  const rows: readonly (readonly [name: string, source: Partial<Volume>, errors: readonly string[]])[] = [
    ['needs a source', {}, ['v[0]: Required value: must specify a volume type']],
    ['takes one', { emptyDir: {}, secret: { secretName: 's' } }, ['v[0].secret: Forbidden: may not specify more than 1 volume type']],
    [
      'has no negative size',
      { emptyDir: { sizeLimit: '-1' } },
      ['v[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity'],
    ],
    ['needs a path on the host', { hostPath: { path: '' } }, ['v[0].hostPath.path: Required value']],
    ['climbs nowhere', { hostPath: { path: '/a/../b' } }, ['v[0].hostPath.path: Invalid value: "/a/../b": must not contain \'..\'']],
    [
      'knows kinds of host paths',
      { hostPath: { path: '/a', type: 'Pipe' } },
      [
        'v[0].hostPath.type: Unsupported value: "Pipe": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
      ],
    ],
    [
      'has modes in octal',
      { secret: { secretName: 's', defaultMode: 0o1000, items: [{ ...item, mode: -1 }] } },
      [
        'v[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive',
        'v[0].secret.items[0].mode: Invalid value: -1: must be a number between 0 and 0777 (octal), both inclusive',
      ],
    ],
    [
      'keeps files inside',
      {
        configMap: {
          name: 'c',
          items: [
            { key: 'k', path: '/etc/x' },
            { key: '', path: '..data' },
            { key: 'k', path: '..' },
          ],
        },
      },
      [
        'v[0].configMap.items[0].path: Invalid value: "/etc/x": must be a relative path',
        'v[0].configMap.items[1].key: Required value',
        'v[0].configMap.items[1].path: Invalid value: "..data": must not start with \'..\'',
        'v[0].configMap.items[2].path: Invalid value: "..": must not contain \'..\'',
        'v[0].configMap.items[2].path: Invalid value: "..": must not start with \'..\'',
      ],
    ],
    ['needs a claim', { persistentVolumeClaim: { claimName: '' } }, ['v[0].persistentVolumeClaim.claimName: Required value']],
    [
      'reads fields or resources',
      { downwardAPI: { items: [{ path: 'a' }, { path: 'b', resourceFieldRef: { resource: 'limits.cpu' } }] } },
      [
        'v[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required',
        'v[0].downwardAPI.resourceFieldRef.containerName: Required value',
      ],
    ],
    [
      'projects each file once, from one source each',
      {
        projected: {
          sources: [{ secret: { name: 's', items: [item] } }, { configMap: { name: 'c', items: [item] }, secret: { name: 't' } }],
        },
      },
      [
        'v[0].projected: Invalid value: "c": conflicting duplicate paths',
        'v[0].projected.sources[1]: Forbidden: may not specify more than 1 volume type per source',
      ],
    ],
    [
      'has tokens of ten minutes at least',
      { projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 60 } }] } },
      [
        'v[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes',
      ],
    ],
    ['needs a driver', { csi: { driver: '' } }, ['v[0].csi.driver: Required value']],
    ['has a template for its claim', { ephemeral: {} }, ['v[0].ephemeral.volumeClaimTemplate: Required value']],
    [
      'has a short address of its target where it names the initiator, also beside another source',
      {
        nfs: { server: 's', path: '/' },
        iscsi: { targetPortal: 'p'.repeat(63), iqn: 'iqn.2014-12.a:b', lun: 0, initiatorName: 'iqn.2014-12.a:b' },
      },
      [
        'v[0].iscsi: Forbidden: may not specify more than 1 volume type',
        'v[0].name: Invalid value: "a": Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
      ],
    ],
    [
      'has a tenant of 64 bytes',
      { quobyte: { registry: 'r:1', volume: 'v', tenant: 'é'.repeat(33) } },
      ['v[0].quobyte.tenant: Required value: must be a UUID and may not exceed a length of 64 characters'],
    ],
    [
      'whose name and the like are the pod’s matter',
      {
        ephemeral: {
          volumeClaimTemplate: {
            metadata: { finalizers: ['a.b/c'], uid: 'u', name: 'x' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1' } } },
          },
        },
      },
      ['name', 'uID', 'finalizers'].map(field => `v[0].ephemeral.volumeClaimTemplate.metadata.${field}: Forbidden: cannot be set`),
    ],
  ]
  for (const [name, source, errors] of rows) {
    test(name, () => {
      const found = validate({ name: 'a', ...source })
      // An empty driver is no valid name either; the missing value is reported first.
      assert.deepEqual(found.slice(0, errors.length), errors)
      if (!name.includes('driver')) assert.equal(found.length, errors.length)
    })
  }

  test('returns the valid ones by name', () => {
    const errors: FieldError[] = []
    const valid = validateVolumes(
      [
        { name: 'a', emptyDir: {} },
        { name: 'a', emptyDir: {} },
        { name: 'B', emptyDir: {} },
      ],
      undefined,
      'v',
      errors,
    )
    assert.deepEqual([...valid.keys()], ['a'])
    assert.deepEqual(
      errors.map(error => error.field),
      ['v[1].name', 'v[2].name'],
    )
  })

  test('knows the claims that the pod itself creates', () => {
    const template = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1' } } } }
    const errors = validate(
      { name: 'a', ephemeral: { volumeClaimTemplate: template } },
      { name: 'b', persistentVolumeClaim: { claimName: 'web-a' } },
    )
    assert.deepEqual(errors, [
      'v[1].persistentVolumeClaim.claimName: Invalid value: "web-a": must not reference a PVC that gets created for an ephemeral volume',
    ])
  })

  test("quotes a claim's name as Go does", () => {
    const template = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1' } } } }
    const [claim = ''] = validate({ name: '\u0001', ephemeral: { volumeClaimTemplate: template } })
    assert.ok(claim.startsWith('v[0].name: Invalid value: "\\x01": PVC name "web-\\x01": a lowercase RFC 1123 subdomain'), claim)
  })

  test('hasSource() recognizes a volume without source', () => {
    assert.ok(!hasSource({ name: 'a' }))
    assert.ok(hasSource({ name: 'a', emptyDir: {} }))
  })
})
