// The metadata of a bookmark's object.

/**
 * A client that lists by a watch adds the received objects to the empty list `blueprint`, in the encoding of the events; without it client-go lists again.
 * Set on the bookmark that ends the initial events.
 */
export function bookmarkMetadata(revision: number, blueprint: Buffer | undefined) {
  return {
    resourceVersion: String(revision),
    creationTimestamp: null,
    ...(blueprint === undefined
      ? {}
      : {
          annotations: {
            'k8s.io/initial-events-end': 'true',
            'kubernetes.io/initial-events-list-blueprint': blueprint.toString('base64'),
          },
        }),
  }
}
