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
        return _stays(providerId, Params.PROVIDER_STAKE_MIN);
    }

    /// @inheritdoc IStakeManager
    function oracleStaked(address operator) external view returns (bool) {
        return _stays(oracleStakeId(operator), Params.ORACLE_STAKE_MIN);
    }

    /// @inheritdoc IStakeManager
    function proposeProven(bytes32 stakeId, bytes32 faultId) external nonReentrant returns (bytes32 slashId) {
        if (msg.sender != receiptFaults && msg.sender != oracleFaults) revert OnlyProver(msg.sender);
        uint256 penalty = Math.mulDiv(stakeOf(stakeId).amount, governor.get(Params.FAULT_PENALTY_BPS), BPS, Math.Rounding.Ceil);
        return _open(stakeId, SafeCast.toUint128(penalty), faultId, true);
    }

    /// @dev What is only proposed has taken nothing: if it counted, one wei would hold back the pay of whoever has just the least stake.
    function _stays(bytes32 stakeId, bytes32 least) private view returns (bool) {
        Stake memory stake = stakeOf(stakeId);
        uint256 leaving = uint256(stake.thawing) + (stake.proven == 0 ? 0 : stake.frozen);
        return Math.saturatingSub(stake.amount, leaving) >= governor.get(least);
    }
}
