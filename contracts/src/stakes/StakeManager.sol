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
        uint256 least = governor.get(_oracles[stakeId] != address(0) ? Params.ORACLE_STAKE_MIN : Params.PROVIDER_STAKE_MIN);
        uint256 bps = Math.min(governor.get(Params.FAULT_PENALTY_BPS), seriesOf(stakeId).capBps);
        uint256 penalty = Math.mulDiv(Math.max(stakeOf(stakeId).amount, least), bps, BPS, Math.Rounding.Ceil);
        uint128 amount = SafeCast.toUint128(Math.min(penalty, slashRoom(stakeId, true)));
        // A fault is named once. Whoever could choose a moment in which little can be taken would be rid of it for as little: it waits instead.
        uint256 floor = least * bps / BPS;
        if (amount < floor) revert AboveCap(stakeId, SafeCast.toUint128(floor), amount);
        return _open(stakeId, amount, faultId, true);
    }
}
