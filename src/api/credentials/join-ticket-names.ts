// By which names join tickets are known, and whoever holds one: to the server that takes them, and to the controller that approves by them.

/** Holders of Kubernetes' bootstrap tokens are in it too, under names with the same prefix. */
export const bootstrappersGroup = 'system:bootstrappers'
export const bootstrapUserPrefix = 'system:bootstrap:'
/** Of the user: for which node the ticket is. A bootstrap token gives none. */
export const ticketNodeExtra = 'bulkhead.dev/node-name'
/** The Secret of a ticket is `kube-system/bulkhead-join-<id>`. */
export const ticketNamespace = 'kube-system'
export const ticketSecretPrefix = 'bulkhead-join-'
export const ticketSecretType = 'bulkhead.dev/join-ticket'
