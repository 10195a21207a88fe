import { definition, errorSchema, immutable, readySchema, rule, text, typeFields } from './definition.ts'

const quantityPattern =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$'

export const volumeSnapshot = definition({
  kind: 'VolumeSnapshot',
  plural: 'volumesnapshots',
  shortNames: ['vs'],
  scope: 'Namespaced',
  approval: '814',
  hasStatus: true,
  columns: [
    { name: 'ReadyToUse', type: 'boolean', jsonPath: '.status.readyToUse', description: 'Whether volumes can be restored from it.' },
    { name: 'SourcePVC', type: 'string', jsonPath: '.spec.source.persistentVolumeClaimName', description: 'The claim it is taken of.' },
    {
      name: 'SourceSnapshotContent',
      type: 'string',
      jsonPath: '.spec.source.volumeSnapshotContentName',
      description: 'The content of a snapshot that existed before.',
    },
    {
      name: 'RestoreSize',
      type: 'string',
      jsonPath: '.status.restoreSize',
      description: 'The smallest size of a volume restored from it.',
    },
    { name: 'SnapshotClass', type: 'string', jsonPath: '.spec.volumeSnapshotClassName', description: 'The requested VolumeSnapshotClass.' },
    {
      name: 'SnapshotContent',
      type: 'string',
      jsonPath: '.status.boundVolumeSnapshotContentName',
      description: 'The VolumeSnapshotContent that it intends to bind to. Both must name each other.',
    },
    { name: 'CreationTime', type: 'date', jsonPath: '.status.creationTime', description: 'When the storage took the snapshot.' },
  ],
  schema: {
    type: 'object',
    description: "VolumeSnapshot is a user's request for a snapshot of a claim's volume, or for a snapshot that exists already.",
    properties: {
      ...typeFields,
      metadata: { type: 'object' },
      spec: {
        type: 'object',
        description: 'The snapshot that is requested.',
        properties: {
          source: {
            type: 'object',
            description: 'What the snapshot is taken of, or the snapshot that exists. It cannot change.',
            properties: {
              persistentVolumeClaimName: {
                ...text('A claim in the namespace of the VolumeSnapshot, of which a snapshot is taken.'),
                'x-kubernetes-validations': immutable('persistentVolumeClaimName is immutable'),
              },
              volumeSnapshotContentName: {
                ...text('A VolumeSnapshotContent for a snapshot that exists already.'),
                'x-kubernetes-validations': immutable('volumeSnapshotContentName is immutable'),
              },
            },
            oneOf: [{ required: ['persistentVolumeClaimName'] }, { required: ['volumeSnapshotContentName'] }],
            'x-kubernetes-validations': [
              rule(
                '!has(oldSelf.persistentVolumeClaimName) || has(self.persistentVolumeClaimName)',
                'persistentVolumeClaimName is required once set',
              ),
              rule(
                '!has(oldSelf.volumeSnapshotContentName) || has(self.volumeSnapshotContentName)',
                'volumeSnapshotContentName is required once set',
              ),
            ],
          },
          volumeSnapshotClassName: {
            ...text("The VolumeSnapshotClass; without one, the default class of the volume's driver."),
            'x-kubernetes-validations': [rule('size(self) > 0', 'volumeSnapshotClassName must not be the empty string when set')],
          },
        },
        required: ['source'],
      },
      status: {
        type: 'object',
        description: 'The snapshot as it is. Who uses it must check that it and its content name each other.',
        properties: {
          boundVolumeSnapshotContentName: text('The VolumeSnapshotContent that it intends to bind to.'),
          creationTime: { type: 'string', format: 'date-time', description: 'When the storage took the snapshot.' },
          error: errorSchema,
          readyToUse: readySchema,
          restoreSize: {
            type: 'string',
            pattern: quantityPattern,
            'x-kubernetes-int-or-string': true,
            description: 'The smallest size of a volume restored from it; absent while that is unknown.',
          },
          volumeGroupSnapshotName: text('The VolumeGroupSnapshot of which it is a part.'),
        },
      },
    },
    required: ['spec'],
  },
})
