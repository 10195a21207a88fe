import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type FieldError, formatFieldError } from '../../field-error.ts'
import type { Container, PodSpec, Volume } from '../../types/core-v1.ts'
import { validateContainers } from './containers.ts'

const claim = { persistentVolumeClaim: { claimName: 'c' } }
const volumes = new Map<string, Volume>(['a', 'b'].map(name => [name, { name, ...claim }]))

/** The errors of an otherwise valid container. */
function validate(fields: Partial<Container>): string[] {
  const container = { name: 'c', image: 'i', imagePullPolicy: 'Always', terminationMessagePolicy: 'File', ...fields }
  const spec: PodSpec = { containers: [container], restartPolicy: 'Always', terminationGracePeriodSeconds: 30 }
  const errors: FieldError[] = []
  validateContainers({ spec, volumes, claimNames: new Set() }, 'c', errors)
  return errors.map(formatFieldError)
}

const variable = (valueFrom: object): Partial<Container> => ({ env: [{ name: 'A', valueFrom }] })
const at = 'c[0].env[0].valueFrom'
const whole = (value: number, scale: number, text: string): string =>
  `resource.Quantity{i:resource.int64Amount{value:${value}, scale:${scale}}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"${text}", Format:"DecimalSI"}`

describe('validateContainers()', () => {
  const rows: readonly (readonly [name: string, fields: Partial<Container>, errors: readonly string[]])[] = [
    [
      'shows resources that are resized as they stand',
      {
        resizePolicy: [
          { resourceName: 'cpu', restartPolicy: 'NotRequired' },
          { resourceName: 'cpu', restartPolicy: 'NotRequired' },
          { resourceName: 'gpu', restartPolicy: 'NotRequired' },
        ],
      },
      ['c[0].resizePolicy[1]: Duplicate value: cpu', 'c[0].resizePolicy: Unsupported value: gpu: supported values: "cpu", "memory"'],
    ],
    [
      'has whole devices, and shows the structure of an amount that is not',
      { resources: { limits: { 'x.y/z': '1500m' } } },
      [`c[0].resources.limits[x.y/z]: Invalid value: ${whole(1500, -3, '1500m')}: must be an integer`],
    ],
    [
      'says of huge pages last that they are not whole',
      { resources: { limits: { cpu: '1', 'hugepages-2Mi': '2Mi' }, requests: { 'hugepages-2Mi': '3Mi' } } },
      [
        'c[0].resources.requests: Invalid value: "3Mi": must be equal to hugepages-2Mi limit of 2Mi',
        'c[0].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
      ],
    ],
    [
      'says once of huge pages that they are negative',
      { resources: { limits: { cpu: '1', 'hugepages-2Mi': '-2Mi' } } },
      ['c[0].resources.limits[hugepages-2Mi]: Invalid value: "-2Mi": must be greater than or equal to 0'],
    ],
    [
      'has no pages of fractions of a byte',
      { resources: { limits: { cpu: '1', 'hugepages-1500m': '2' } } },
      ['c[0].resources.limits[hugepages-1500m]: Invalid value: "2": 2 is not positive integer multiple of hugepages-1500m'],
    ],
    [
      'validates divisors of the resources that it knows',
      variable({ resourceFieldRef: { resource: 'node.cpu', divisor: '5' } }),
      [
        `${at}.resourceFieldRef.resource: Unsupported value: "node.cpu": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"`,
      ],
    ],
    [
      'divides CPUs by thousandths or not at all',
      variable({ resourceFieldRef: { resource: 'limits.cpu', divisor: '5' } }),
      [`${at}.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`],
    ],
    [
      'divides local storage by a unit',
      variable({ resourceFieldRef: { resource: 'requests.ephemeral-storage', divisor: '5' } }),
      [
        `${at}.resourceFieldRef.divisor: Invalid value: "requests.ephemeral-storage": only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the local ephemeral storage resource`,
      ],
    ],
    [
      'knows no subscript whose brackets share a mark',
      variable({ fieldRef: { apiVersion: 'v1', fieldPath: "metadata.labels[']" } }),
      [
        `${at}.fieldRef.fieldPath: Invalid value: "metadata.labels[']": error converting fieldPath: field label not supported: metadata.labels[']`,
      ],
    ],
    [
      'knows subscripts without a key',
      variable({ fieldRef: { apiVersion: 'v1', fieldPath: "spec['']" } }),
      [`${at}.fieldRef.fieldPath: Invalid value: "spec['']": error converting fieldPath: field label does not support subscript: spec['']`],
    ],
    [
      'compares devices with the last mount of a volume',
      {
        volumeMounts: [
          { name: 'a', mountPath: '/x' },
          { name: 'a', mountPath: '/y' },
        ],
        volumeDevices: [{ name: 'b', devicePath: '/x' }],
      },
      ['c[0].volumeMounts[0].mountPath: Invalid value: "/x": must not already exist as a path in volumeDevices'],
    ],
    [
      'compares mounts and devices',
      { volumeMounts: [{ name: 'a', mountPath: '/x' }], volumeDevices: [{ name: 'a', devicePath: '/x' }] },
      [
        'c[0].volumeMounts[0].name: Invalid value: "a": must not already exist in volumeDevices',
        'c[0].volumeMounts[0].mountPath: Invalid value: "/x": must not already exist as a path in volumeDevices',
        'c[0].volumeDevices[0].name: Invalid value: "a": must not already exist in volumeMounts',
        'c[0].volumeDevices[0].devicePath: Invalid value: "/x": must not already exist as a path in volumeMounts',
      ],
    ],
  ]
  for (const [name, fields, errors] of rows) test(name, () => assert.deepEqual(validate(fields), errors))
})
