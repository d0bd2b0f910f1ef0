// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../interfaces/IParamGovernor.sol";
import {Params} from "./Params.sol";

/// @notice The parameters with which a `ParamGovernor` is constructed: the defaults and hard bounds that `Params` names.
library DefaultParams {
    uint256 internal constant COUNT = 16;

    function settings() internal pure returns (IParamGovernor.Setting[] memory all) {
        all = new IParamGovernor.Setting[](COUNT);
        all[0] = IParamGovernor.Setting(Params.DISPUTE_WINDOW, 1 days, 1 hours, 14 days);
        all[1] = IParamGovernor.Setting(Params.WITHDRAW_DELAY_MIN, 1 days, 1 days, 30 days);
        all[2] = IParamGovernor.Setting(Params.THAW_PERIOD, 7 days, 2 days, 30 days);
        all[3] = IParamGovernor.Setting(Params.BUYER_LOCK, 7 days, 7 days, 30 days);
        all[4] = IParamGovernor.Setting(Params.PROVIDER_STAKE_MIN, 1 ether, 0.1 ether, 1_000 ether);
        all[5] = IParamGovernor.Setting(Params.ORACLE_STAKE_MIN, 1 ether, 0.1 ether, 1_000 ether);
        all[6] = IParamGovernor.Setting(Params.BUYER_STAKE_MIN, 0.1 ether, 0.1 ether, 10 ether);
        all[7] = IParamGovernor.Setting(Params.BUYER_STAKE_BPS, 1_000, 0, 10_000);
        all[8] = IParamGovernor.Setting(Params.SLASH_CAP_BPS, 5_000, 1_000, 10_000);
        all[9] = IParamGovernor.Setting(Params.FAULT_PENALTY_BPS, 2_000, 100, 10_000);
        all[10] = IParamGovernor.Setting(Params.APPEAL_WINDOW, 3 days, 1 days, 14 days);
        all[11] = IParamGovernor.Setting(Params.DECISION_WINDOW, 7 days, 1 days, 30 days);
        all[12] = IParamGovernor.Setting(Params.PAYOUT_DELAY, 2 days, 1 days, 30 days);
        all[13] = IParamGovernor.Setting(Params.EPOCH_OVERLAP, 1 hours, 0, 24 hours);
        all[14] = IParamGovernor.Setting(Params.MINT_RATE, 1e12, 0, 1e15);
        all[15] = IParamGovernor.Setting(Params.MINT_EPOCH_CAP, 1e24, 0, 1e27);
    }
}
