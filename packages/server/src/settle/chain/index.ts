/** The chain as the daemon sees it: nodes behind one door, transactions that are sent once, and books rebuilt from events. */
export { readView } from './call.ts';
export { type Contract, Contracts } from './contracts.ts';
export { deployedContracts } from './deployed.ts';
export { type Followed, type FollowOptions, type FollowStatus, followChain } from './follow.ts';
export type { Finality } from './gather.ts';
export { type Intent, type IntentJournal, type Outcome, openIntentFile } from './intents.ts';
export { httpNode, httpNodes, type Node, type Rpc } from './node.ts';
export { NODES_DEFAULTS, type NodeStatus, Nodes, type NodesOptions } from './nodes.ts';
export { GAS_MAX } from './prepare.ts';
export { ChainRevert } from './revert.ts';
export { Sender } from './sender.ts';
export { SENDER_DEFAULTS, type SenderOptions } from './sender-options.ts';
export { keySigner, type TransactionSigner } from './signer.ts';
export { type ChainStore, openFileStore } from './store.ts';
export { type Difference, type Verdict, verifyBooks } from './verify.ts';
export { WATCHER_DEFAULTS, type WatcherListener } from './watcher.ts';
