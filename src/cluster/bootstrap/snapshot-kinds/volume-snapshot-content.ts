import { definition, errorSchema, immutable, readySchema, rule, text, typeFields } from './definition.ts'

const policies = ['Delete', 'Retain']

export const volumeSnapshotContent = definition({
  kind: 'VolumeSnapshotContent',
  plural: 'volumesnapshotcontents',
  shortNames: ['vsc', 'vscs'],
  scope: 'Cluster',
  approval: '955',
  hasStatus: true,
  columns: [
    { name: 'ReadyToUse', type: 'boolean', jsonPath: '.status.readyToUse', description: 'Whether volumes can be restored from it.' },
    { name: 'RestoreSize', type: 'integer', jsonPath: '.status.restoreSize', description: 'Its size in bytes.' },
    {
      name: 'DeletionPolicy',
      type: 'string',
      jsonPath: '.spec.deletionPolicy',
      description: 'Whether the snapshot in the storage is deleted with its VolumeSnapshot.',
    },
    { name: 'Driver', type: 'string', jsonPath: '.spec.driver', description: 'The driver that took it.' },
    {
      name: 'VolumeSnapshotClass',
      type: 'string',
      jsonPath: '.spec.volumeSnapshotClassName',
      description: 'The class that it was made with.',
    },
    {
      name: 'VolumeSnapshot',
      type: 'string',
      jsonPath: '.spec.volumeSnapshotRef.name',
      description: 'The VolumeSnapshot that it is bound to.',
    },
    {
      name: 'VolumeSnapshotNamespace',
      type: 'string',
      jsonPath: '.spec.volumeSnapshotRef.namespace',
      description: 'The namespace of that VolumeSnapshot.',
    },
  ],
  schema: {
    type: 'object',
    description: 'VolumeSnapshotContent is a snapshot in a storage.',
    properties: {
      ...typeFields,
      metadata: { type: 'object' },
      spec: {
        type: 'object',
        description: 'The snapshot in the storage.',
        properties: {
          deletionPolicy: {
            type: 'string',
            enum: policies,
            description: 'Whether the snapshot in the storage is deleted with its VolumeSnapshot: Delete or Retain.',
          },
          driver: text('The driver that takes, or took, the snapshot.'),
          source: {
            type: 'object',
            description: 'The volume of which the snapshot is taken, or the snapshot that exists. It cannot change.',
            properties: {
              snapshotHandle: {
                ...text("The driver's name of a snapshot that exists already."),
                'x-kubernetes-validations': immutable('snapshotHandle is immutable'),
              },
              volumeHandle: {
                ...text("The driver's name of the volume of which a snapshot is taken."),
                'x-kubernetes-validations': immutable('volumeHandle is immutable'),
              },
            },
            oneOf: [{ required: ['snapshotHandle'] }, { required: ['volumeHandle'] }],
            'x-kubernetes-validations': [
              rule('!has(oldSelf.volumeHandle) || has(self.volumeHandle)', 'volumeHandle is required once set'),
              rule('!has(oldSelf.snapshotHandle) || has(self.snapshotHandle)', 'snapshotHandle is required once set'),
            ],
          },
          sourceVolumeMode: {
            ...text('The mode of the volume of which it was taken: Filesystem or Block.'),
            'x-kubernetes-validations': immutable('sourceVolumeMode is immutable'),
          },
          volumeSnapshotClassName: text('The VolumeSnapshotClass that it was made with, which may have changed since.'),
          volumeSnapshotRef: {
            type: 'object',
            description: 'The VolumeSnapshot that it is bound to. Both must name each other.',
            'x-kubernetes-map-type': 'atomic',
            properties: {
              apiVersion: text('The version of the kind.'),
              fieldPath: text('A part of the object.'),
              kind: text('The kind.'),
              name: text('The name.'),
              namespace: text('The namespace.'),
              resourceVersion: text('The version of the object.'),
              uid: text('The unique identifier of the object.'),
            },
            'x-kubernetes-validations': [
              rule(
                'has(self.name) && has(self.__namespace__)',
                'both spec.volumeSnapshotRef.name and spec.volumeSnapshotRef.namespace must be set',
              ),
            ],
          },
        },
        required: ['deletionPolicy', 'driver', 'source', 'volumeSnapshotRef'],
        'x-kubernetes-validations': [
          rule('!has(oldSelf.sourceVolumeMode) || has(self.sourceVolumeMode)', 'sourceVolumeMode is required once set'),
        ],
      },
      status: {
        type: 'object',
        description: 'The snapshot as it is.',
        properties: {
          creationTime: {
            type: 'integer',
            format: 'int64',
            description: 'When the storage took the snapshot, in nanoseconds since 1970-01-01 00:00:00 UTC.',
          },
          error: errorSchema,
          readyToUse: readySchema,
          restoreSize: { type: 'integer', format: 'int64', minimum: 0, description: 'Its size in bytes.' },
          snapshotHandle: text("The driver's name of the snapshot; absent while it is being taken."),
          volumeGroupSnapshotHandle: text("The driver's name of the group snapshot of which it is a part."),
        },
      },
    },
    required: ['spec'],
  },
})
