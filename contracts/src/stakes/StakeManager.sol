// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {IStakes} from "../interfaces/IStakes.sol";
import {Params} from "../libraries/Params.sol";
import {Stakes} from "./Stakes.sol";

contract StakeManager is IStakeManager, Stakes {
    IProviderRegistry public immutable providers;
    address public immutable receiptFaults;
    address public immutable oracleFaults;

    mapping(bytes32 stakeId => address) private _oracles;

    constructor(
        address authority_,
        address governor_,
        address beneficiary_,
        address providers_,
        address receiptFaults_,
        address oracleFaults_
    ) Stakes(authority_, governor_, beneficiary_, Params.THAW_PERIOD) {
        if (providers_ == address(0) || receiptFaults_ == address(0) || oracleFaults_ == address(0)) {
            revert ZeroAddress();
        }
        providers = IProviderRegistry(providers_);
        receiptFaults = receiptFaults_;
        oracleFaults = oracleFaults_;
    }

    /// @inheritdoc IStakes
    /// @dev Ids of providers are hashes of other things, so none is that of an oracle.
    function ownerOf(bytes32 stakeId) public view override(IStakes, Stakes) returns (address) {
        address oracle = _oracles[stakeId];
        return oracle != address(0) ? oracle : providers.operatorOf(stakeId);
    }

    /// @inheritdoc IStakeManager
    function stakeProvider(bytes32 providerId) external payable nonReentrant {
        governor.requireEntry();
        if (providers.operatorOf(providerId) == address(0)) revert IProviderRegistry.ProviderUnknown(providerId);
        _add(providerId);
    }

    /// @inheritdoc IStakeManager
    function stakeOracle() external payable nonReentrant {
        governor.requireEntry();
        bytes32 stakeId = oracleStakeId(msg.sender);
        _oracles[stakeId] = msg.sender;
        _add(stakeId);
    }

    /// @inheritdoc IStakeManager
    function oracleStakeId(address operator) public pure returns (bytes32) {
        return keccak256(abi.encode("Tallystick oracle", operator));
    }

    /// @inheritdoc IStakeManager
    function providerStaked(bytes32 providerId) external view returns (bool) {
        return stayingOf(providerId) >= governor.get(Params.PROVIDER_STAKE_MIN);
    }

    /// @inheritdoc IStakeManager
    function oracleStaked(address operator) external view returns (bool) {
        return stayingOf(oracleStakeId(operator)) >= governor.get(Params.ORACLE_STAKE_MIN);
    }

    /// @inheritdoc IStakeManager
    function proposeProven(bytes32 stakeId, bytes32 faultId) external nonReentrant returns (bytes32 slashId) {
        if (msg.sender != receiptFaults && msg.sender != oracleFaults) revert OnlyProver(msg.sender);
        uint256 basis = Math.max(stakeOf(stakeId).amount, _leastStake(stakeId));
        uint256 penalty = Math.mulDiv(basis, _penaltyBps(stakeId), BPS, Math.Rounding.Ceil);
        uint128 amount = SafeCast.toUint128(Math.min(penalty, slashRoom(stakeId, true)));
        uint256 floor = _leastPenalty(stakeId);
        if (amount < floor) revert AboveCap(stakeId, SafeCast.toUint128(floor), amount);
        return _open(stakeId, amount, faultId, true);
    }

    /// @dev A fault is named once. Whoever could choose a moment in which little can be taken would be rid of it for as little: it waits instead. Half, so that a stake that is a
    /// little below the least, or whose cap is nearly used up, does not go free.
    function _leastPenalty(bytes32 stakeId) internal view override returns (uint256) {
        return _leastStake(stakeId) * _penaltyBps(stakeId) / BPS / 2;
    }

    function _leastStake(bytes32 stakeId) private view returns (uint256) {
        return governor.get(_oracles[stakeId] != address(0) ? Params.ORACLE_STAKE_MIN : Params.PROVIDER_STAKE_MIN);
    }

    /// @dev The cap of a running series can be below a penalty of today.
    function _penaltyBps(bytes32 stakeId) private view returns (uint256) {
        return Math.min(governor.get(Params.FAULT_PENALTY_BPS), seriesOf(stakeId).capBps);
    }
}
