import { definition, text, typeFields } from './definition.ts'

export const volumeSnapshotClass = definition({
  kind: 'VolumeSnapshotClass',
  plural: 'volumesnapshotclasses',
  shortNames: ['vsclass', 'vsclasses'],
  scope: 'Cluster',
  approval: '814',
  hasStatus: false,
  columns: [
    { name: 'Driver', type: 'string', jsonPath: '.driver' },
    {
      name: 'DeletionPolicy',
      type: 'string',
      jsonPath: '.deletionPolicy',
      description: 'Whether a snapshot in the storage is deleted with its VolumeSnapshot.',
    },
  ],
  schema: {
    type: 'object',
    description: 'VolumeSnapshotClass holds the parameters with which a driver takes snapshots. A VolumeSnapshot names its class.',
    properties: {
      ...typeFields,
      metadata: { type: 'object' },
      driver: text('The driver that handles snapshots of this class.'),
      deletionPolicy: {
        type: 'string',
        enum: ['Delete', 'Retain'],
        description: 'Whether the snapshot in the storage is deleted with its VolumeSnapshot: Delete or Retain.',
      },
      parameters: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'Parameters for the driver, which Kubernetes does not interpret.',
      },
    },
    required: ['deletionPolicy', 'driver'],
  },
})
