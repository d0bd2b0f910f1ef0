// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {IStakeManager} from "../../../src/interfaces/IStakeManager.sol";
import {QuorumVerifier} from "../../../src/quorum/QuorumVerifier.sol";
import {QuorumBase} from "../../support/QuorumBase.sol";

contract ConstructTest is QuorumBase {
    function test_zeroAddresses() public {
        IParamGovernor g = IParamGovernor(address(params));
        IStakeManager s = IStakeManager(address(stakes));
        vm.expectRevert(IQuorumVerifier.ZeroAddress.selector);
        new QuorumVerifier(address(0), g, s);
        vm.expectRevert(IQuorumVerifier.ZeroAddress.selector);
        new QuorumVerifier(address(manager), IParamGovernor(address(0)), s);
        vm.expectRevert(IQuorumVerifier.ZeroAddress.selector);
        new QuorumVerifier(address(manager), g, IStakeManager(address(0)));
    }

    function test_beforeTheFirstSet() public {
        assertEq(verifier.THRESHOLD(), 3, "threshold");
        assertEq(verifier.currentEpoch(), 0, "epoch");
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.EpochUnknown.selector, uint64(0)));
        verifier.operators();
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.EpochUnknown.selector, uint64(0)));
        verifier.epochOf(0);
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.EpochUnknown.selector, uint64(1)));
        verifier.epochOf(1);
    }
}
