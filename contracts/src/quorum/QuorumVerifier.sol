// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {IParamGovernor} from "../interfaces/IParamGovernor.sol";
import {IQuorumReview, IQuorumScheme, IQuorumVerifier} from "../interfaces/IQuorumVerifier.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {Params} from "../libraries/Params.sol";

/// @title Sets of oracles, and whether enough of one set signed
/// @notice No function here takes or gives value, and none needs the guard: `registerKey` calls the scheme, which was admitted and is asked by a static call.
contract QuorumVerifier is IQuorumVerifier, IQuorumReview, AccessManaged {
    /// @inheritdoc IQuorumVerifier
    uint256 public constant THRESHOLD = 3;
    uint256 private constant SIZE = 5;

    IParamGovernor public immutable GOVERNOR;
    IStakeManager public immutable STAKES;

    /// @inheritdoc IQuorumVerifier
    uint64 public currentEpoch;
    /// @inheritdoc IQuorumVerifier
    mapping(address scheme => bool) public isAdmitted;

    /// @inheritdoc IQuorumReview
    mapping(uint64 epoch => uint256) public struckOf;

    mapping(uint64 epoch => Epoch) private _epochs;
    mapping(address operator => mapping(address scheme => bytes)) private _keys;
    /// Who registered a key first. Never given free: a key that was once replaced stays its operator's.
    mapping(address scheme => mapping(bytes32 keyHash => address operator)) private _ownerOfKey;

    constructor(address authority_, IParamGovernor governor, IStakeManager stakes) AccessManaged(authority_) {
        if (authority_ == address(0) || address(governor) == address(0) || address(stakes) == address(0)) revert ZeroAddress();
        GOVERNOR = governor;
        STAKES = stakes;
    }

    /// @inheritdoc IQuorumVerifier
    function epochOf(uint64 epoch) external view returns (Epoch memory) {
        return _known(epoch);
    }

    /// @inheritdoc IQuorumVerifier
    function operators() external view returns (address[5] memory) {
        return _known(currentEpoch).operators;
    }

    /// @inheritdoc IQuorumVerifier
    function keyOf(address operator, address scheme) external view returns (bytes memory) {
        return _keys[operator][scheme];
    }

    /// @inheritdoc IQuorumVerifier
    function verify(bytes32 digest, uint64 epoch, bytes calldata proof) external view returns (uint256 mask) {
        Epoch storage set = _known(epoch);
        uint64 validUntil = set.validUntil;
        if (validUntil != 0 && block.timestamp >= validUntil) revert EpochStale(epoch, validUntil);
        mask = _verify(set, digest, proof);
        _requireQuorum(mask & ~struckOf[epoch]);
    }

    /// @inheritdoc IQuorumVerifier
    function verifyAt(bytes32 digest, uint64 epoch, bytes calldata proof) external view returns (uint256 mask) {
        mask = _verify(_known(epoch), digest, proof);
        _requireQuorum(mask);
    }

    /// @inheritdoc IQuorumReview
    function review(uint64 epoch) external returns (uint256 struck) {
        Epoch storage set = _known(epoch);
        for (uint256 i = 0; i < SIZE; ++i) {
            if (!STAKES.oracleStaked(set.operators[i])) struck |= 2 ** i;
        }
        if (struck == struckOf[epoch]) return struck;
        struckOf[epoch] = struck;
        emit EpochReviewed(epoch, struck);
    }

    /// @inheritdoc IQuorumVerifier
    /// @dev No entry check: a paused house must still be able to replace its oracles, by others who are staked already (staking is an entry).
    function registerKey(address scheme, bytes calldata key, bytes calldata possession) external {
        if (!isAdmitted[scheme]) revert SchemeNotAdmitted(scheme);
        IQuorumScheme(scheme).checkKey(msg.sender, key, possession);
        address owner = _ownerOfKey[scheme][keccak256(key)];
        if (owner != address(0) && owner != msg.sender) revert KeyTaken(owner);
        _ownerOfKey[scheme][keccak256(key)] = msg.sender;
        _keys[msg.sender][scheme] = key;
        emit KeyRegistered(msg.sender, scheme, key);
    }

    /// @inheritdoc IQuorumVerifier
    function rotate(address scheme, address[5] calldata operators_) external restricted returns (uint64 epoch) {
        if (!isAdmitted[scheme]) revert SchemeNotAdmitted(scheme);
        uint64 before = currentEpoch;
        epoch = before + 1;
        _close(before, uint64(block.timestamp + GOVERNOR.get(Params.EPOCH_OVERLAP)));
        if (before > 1) _close(before - 1, uint64(block.timestamp));

        address pointer = SSTORE2.write(_keysOf(scheme, operators_));
        _epochs[epoch] = Epoch(scheme, pointer, uint64(block.timestamp), 0, operators_);
        currentEpoch = epoch;
        emit EpochOpened(epoch, scheme, operators_, pointer);
    }

    /// @inheritdoc IQuorumVerifier
    function admitScheme(address scheme, bool admitted) external restricted {
        if (scheme == address(0)) revert ZeroAddress();
        isAdmitted[scheme] = admitted;
        emit SchemeAdmitted(scheme, admitted);
    }

    function _known(uint64 epoch) private view returns (Epoch storage) {
        if (epoch == 0 || epoch > currentEpoch) revert EpochUnknown(epoch);
        return _epochs[epoch];
    }

    function _verify(Epoch storage set, bytes32 digest, bytes calldata proof) private view returns (uint256 mask) {
        address scheme = set.scheme;
        if (!isAdmitted[scheme]) revert SchemeNotAdmitted(scheme);
        mask = IQuorumScheme(scheme).verify(digest, SSTORE2.read(set.keysPointer), proof);
        // Bits beyond the set would be counted as signers.
        if (mask >> SIZE != 0) revert MaskOutOfRange(mask);
    }

    function _requireQuorum(uint256 mask) private pure {
        uint256 signers = 0;
        for (uint256 rest = mask; rest != 0; rest &= rest - 1) {
            ++signers;
        }
        if (signers < THRESHOLD) revert QuorumTooSmall(signers, THRESHOLD);
    }

    /// Ends a set at `until`, or leaves it where it ends earlier.
    function _close(uint64 epoch, uint64 until) private {
        if (epoch == 0) return;
        uint64 already = _epochs[epoch].validUntil;
        if (already != 0 && already <= until) return;
        _epochs[epoch].validUntil = until;
        emit EpochClosed(epoch, until);
    }

    /// The keys of five distinct, staked operators, one after the other.
    function _keysOf(address scheme, address[5] calldata operators_) private view returns (bytes memory keys) {
        for (uint256 i = 0; i < SIZE; ++i) {
            address operator = operators_[i];
            if (operator == address(0)) revert ZeroAddress();
            for (uint256 j = 0; j < i; ++j) {
                if (operators_[j] == operator) revert OperatorTwice(operator);
            }
            // Its length need not be checked: no key of another length passed `checkKey`.
            bytes memory key = _keys[operator][scheme];
            if (key.length == 0) revert KeyMissing(operator, scheme);
            if (!STAKES.oracleStaked(operator)) revert OperatorNotStaked(operator);
            keys = bytes.concat(keys, key);
        }
    }
}
